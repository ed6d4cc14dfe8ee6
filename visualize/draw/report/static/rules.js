// Every rule with its hits in this capture, the host's counters, its file and line, and the flows that it matched.

const rulesView = { built: false, hitOnly: false, text: '' };
const counter = (value) => (value === null || value === undefined ? '—' : number(value));
const kindsByRule = new Map();
for (const kind of R.kinds) for (const id of new Set(kind.uses.flatMap((use) => R.ways[use.way].rules))) kindsByRule.set(id, [...(kindsByRule.get(id) || []), kind]);
const flowsByKind = countBy(FLOWS, (flow) => flow.kind);
const flowsOf = (rule) => (kindsByRule.get(rule.id) || []).reduce((sum, kind) => sum + (flowsByKind.get(kind) || 0), 0);

function ruleTableRow(rule) {
  const flows = flowsOf(rule);
  return h('tr', { class: rule.hits ? 'hit' : 'unhit', data: { rule: place(rule), text: `${rule.text} ${place(rule)}`.toLowerCase(), hits: rule.hits } },
    h('td', { class: 'number' }, h('a', { href: ruleLink(rule), 'aria-label': `Rule ${rule.number} of ${rule.chain.name}` }, rule.number)),
    h('td', { class: 'text' }, h('code', { class: 'rule-text' }, rule.text), h('div', { class: 'origin' }, place(rule))),
    h('td', { class: 'number hits', data: { label: 'hits here' } }, rule.hits ? number(rule.hits) : h('span', { class: 'dim' }, '0')),
    h('td', { class: 'number', data: { label: 'in' } }, flows ? h('a', { href: `#flows?${new URLSearchParams({ rule: place(rule) })}` }, plural(flows, 'flow')) : h('span', { class: 'dim' }, '—')),
    h('td', { class: 'number dim', data: { label: 'host packets' } }, counter(rule.packets)), h('td', { class: 'number dim', data: { label: 'host bytes' } }, counter(rule.bytes)));
}

function chainCard(chain) {
  const hits = chain.rules.reduce((sum, rule) => sum + rule.hits, 0) + chain.hits;
  const titles = ['Rule', 'Text', 'Hits here', 'Flows', 'Host’s packets', 'Host’s bytes'];
  return h('details', { class: 'card chain', open: chain.rules.length < 60 || hits > 0, data: { hits } },
    h('summary', {}, h('span', { class: 'table-name' }, chain.table), h('span', { class: 'chain-name' }, chain.name), chain.policy && chain.policy !== '-' ? h('span', { class: `did ${chain.policy === 'DROP' ? 'bad' : 'plain'}` }, `policy ${chain.policy}`) : null,
      h('span', { class: 'dim' }, [plural(chain.rules.length, 'rule'), chain.policy && chain.policy !== '-' ? `policy: ${number(chain.hits)} hits here${chain.packets === null ? '' : `, ${number(chain.packets)} packets on the host`}` : '', chain.absent ? 'not in the kernel: no hook runs' : ''].filter(Boolean).join(' · '))),
    chain.rules.length ? h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Rules of ${chain.table} ${chain.name}` }, h('table', { class: 'plain rules' }, h('thead', {}, h('tr', {}, titles.map((title) => h('th', { scope: 'col' }, title)))), h('tbody', {}, chain.rules.map(ruleTableRow)))) : null);
}

function ruleSections() {
  const groups = new Map();
  for (const chain of R.chains) {
    const key = `${chain.netns}\n${chain.family}\n${chain.backend}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(chain);
  }
  const titles = new Map(R.places.map((one) => [one.name, one.title]));
  return [...groups.values()].map((chains) => h('section', { class: 'ruleset' }, h('h2', {}, capital(titles.get(chains[0].netns) || chains[0].netns), h('span', { class: 'dim' }, ` ${chains[0].family === 'ip' ? 'IPv4' : 'IPv6'}${chains[0].backend === 'unknown' ? '' : `, ${chains[0].backend}`}`)), chains.map(chainCard)));
}

function filterRules() {
  const words = rulesView.text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of view('rules').querySelectorAll('tr[data-rule]')) row.hidden = (rulesView.hitOnly && row.dataset.hits === '0') || !words.every((word) => row.dataset.text.includes(word));
  const narrowed = rulesView.hitOnly || words.length > 0;
  for (const card of view('rules').querySelectorAll('.chain')) {
    const left = card.querySelectorAll('tr[data-rule]:not([hidden])').length;
    card.hidden = narrowed && !left && !(rulesView.hitOnly && !words.length && card.dataset.hits !== '0');
    if (words.length && left) card.open = true;
  }
}

function buildRules() {
  if (rulesView.built) return;
  rulesView.built = true;
  const search = h('input', { type: 'search', id: 'f-rules', placeholder: 'words of a rule, or its file', autocomplete: 'off', spellcheck: 'false', oninput: () => { rulesView.text = search.value; filterRules(); } });
  const hit = h('input', { type: 'checkbox', id: 'f-hit', onchange: () => { rulesView.hitOnly = hit.checked; filterRules(); } });
  const total = RULES.filter((rule) => rule.hits).length;
  put(view('rules'), h('div', { class: 'view-head' }, h('h1', { id: 'h-rules' }, 'Rules'), h('p', { class: 'count' }, `${plural(RULES.length, 'rule')}, ${number(total)} hit by this capture`)),
    h('form', { class: 'filters card', role: 'search', 'aria-label': 'Filter the rules', onsubmit: (event) => event.preventDefault() }, h('div', { class: 'field f-q' }, h('label', { for: 'f-rules' }, 'Search'), search), h('div', { class: 'check' }, hit, h('label', { for: 'f-hit' }, 'Only rules that this capture hit'))),
    R.chains.length ? ruleSections() : h('p', { class: 'card empty' }, 'No iptables rules were captured.'));
}

/** Show one rule, marked, with the way back to where the reader came from. */
function showRule(wanted) {
  buildRules();
  for (const row of view('rules').querySelectorAll('tr.wanted')) row.classList.remove('wanted');
  const row = [...view('rules').querySelectorAll('tr[data-rule]')].find((one) => one.dataset.rule === wanted);
  if (!row) { announce(`No rule stands at ${wanted}`); return; }
  if (row.hidden) { rulesView.hitOnly = find('#f-hit').checked = false; rulesView.text = find('#f-rules').value = ''; filterRules(); }
  row.closest('details').open = true;
  row.classList.add('wanted');
  row.scrollIntoView({ block: 'center' });
  find('a', row).focus({ preventScroll: true });
  announce(`Rule at ${wanted}`);
}
