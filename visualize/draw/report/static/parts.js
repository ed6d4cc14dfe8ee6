// Parts that many views show: a verdict as icon and word, a header tuple, facts, a plain table.

/** Icon and word: the colour only repeats them. */
function badge(verdict) {
  return h('span', { class: `badge ${verdict}` }, icon(verdict), h('span', {}, verdict));
}
function sureness(certainty) {
  return h('span', { class: `sure ${certainty}` }, icon(certainty === 'unknown' ? 'unknown' : certainty), h('span', {}, certainty));
}
function tupleNode(tuple) {
  return h(
    'span',
    { class: 'tuple' },
    h('span', {}, tuple.from),
    ' ',
    h('span', {}, h('span', { class: 'arrow' }, '→ '), tuple.to),
    tuple.id === null ? null : h('span', { class: 'dim' }, ` id ${tuple.id}`),
  );
}

function facts(pairs) {
  return h(
    'dl',
    { class: 'facts' },
    pairs.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

/** A table that scrolls sideways by itself where it must. */
function plainTable(titles, rows, label, kind = '') {
  const head = h(
    'tr',
    {},
    titles.map((title) => h('th', { scope: 'col' }, title)),
  );
  const table = h('table', { class: `plain ${kind}` }, h('thead', {}, head), h('tbody', {}, rows));
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label }, table);
}
