// What was assumed, and how to settle it; how to make the report again.

/** Doubts of all flows; those that differ only in addresses and numbers together. */
const doubtGroups = once(() => {
  const groups = new Map();
  for (const flow of FLOWS) {
    const here = new Set();
    for (const use of flow.uses)
      for (const doubt of use.way.doubts) {
        const key = doubtKey(doubt);
        if (here.has(key)) continue;
        here.add(key);
        if (!groups.has(key)) groups.set(key, { key, doubt, use, flow, count: 0, told: new Set() });
        const group = groups.get(key);
        group.count += 1;
        if (group.told.size < 2) group.told.add(fill(doubt.why, use.values));
      }
  }
  return [...groups.values()].sort((one, other) => other.count - one.count);
});

function doubtItem({ key, doubt, use, flow, count, told }) {
  const text = (name) => fill(doubt[name], use.values);
  const assume = (answer) => h('code', {}, `--assume ${text('key')}=${answer}`);
  const byHand = ['yes', 'no'].includes(text('assumed')); // other answers are words, which no option can give
  const link = count === 1 ? `#flow=${flow.id}` : `#flows?${new URLSearchParams({ doubt: key })}`;
  return h(
    'li',
    { class: 'card doubt' },
    h('h2', {}, icon('unknown'), text('at')),
    h('p', {}, told.size > 1 ? h('span', { class: 'dim' }, 'For example: ') : null, text('why')),
    facts([
      ['Assumed', text('assumed')],
      ['Would settle it', text('settle').startsWith('--assume') ? '' : text('settle')],
      ['In', h('a', { href: link }, count === 1 ? `flow ${flow.id}` : plural(count, 'flow'))],
      ['The path is', doubt.weak ? 'unknown: the default is no better than its opposite' : 'assumed'],
    ]),
    byHand ? h('p', { class: 'dim' }, 'By hand: ', assume('yes'), ' or ', assume('no')) : null,
  );
}

function buildDoubts() {
  const groups = doubtGroups();
  put(
    view('doubts'),
    h(
      'div',
      { class: 'view-head' },
      h('h1', { id: 'h-doubts' }, 'What was assumed'),
      h('p', { class: 'count' }, groups.length ? plural(groups.length, 'doubt') : ''),
    ),
    R.origin.assumed.length
      ? h(
          'p',
          { class: 'card' },
          'Settled by hand for this report: ',
          R.origin.assumed.map((key) => [h('code', {}, `--assume ${key}`), ' ']),
        )
      : '',
    groups.length
      ? h('ul', { class: 'doubts' }, groups.map(doubtItem))
      : h('p', { class: 'card empty' }, 'Nothing: everything that decided a path was captured.'),
  );
}

// -- how to make this again -------------------------------------------------------------------------------------------

function buildAbout() {
  const { command, inputs, versions, captures } = R.origin;
  put(
    view('about'),
    h('div', { class: 'view-head' }, h('h1', { id: 'h-about' }, 'How to make this again')),
    h(
      'section',
      { class: 'card' },
      h('h2', {}, 'Command'),
      h('pre', {}, h('code', {}, command)),
      copyButton('Copy', () => command),
    ),
    h(
      'section',
      { class: 'card' },
      h('h2', {}, 'Input'),
      plainTable(
        ['File', 'SHA-256'],
        inputs.map(([name, sum]) => h('tr', {}, h('td', {}, name), h('td', { class: 'mono break' }, sum))),
        'Input files',
      ),
      captures.length
        ? [
            h('h3', {}, 'Captures replayed'),
            plainTable(
              ['Name', 'Namespace', 'Interface'],
              captures.map((one) => h('tr', {}, h('td', {}, one.name), h('td', {}, one.netns), h('td', {}, one.interface))),
              'Captures',
            ),
          ]
        : null,
    ),
    h('section', { class: 'card' }, h('h2', {}, 'Versions'), facts(versions)),
    h(
      'section',
      { class: 'card' },
      h('h2', {}, 'This file'),
      h(
        'p',
        {},
        'Everything is in it: it loads nothing, sends nothing and asks no server. Links such as ',
        h('code', {}, '#flow=1'),
        ' keep working when it is sent on. On the list of flows: ',
        h('kbd', {}, '/'),
        ' searches, ',
        h('kbd', {}, '↑'),
        ' ',
        h('kbd', {}, '↓'),
        ' move, ',
        h('kbd', {}, 'Enter'),
        ' opens, ',
        h('kbd', {}, 'Esc'),
        ' goes back. On a picture: ',
        h('kbd', {}, '+'),
        ' ',
        h('kbd', {}, '−'),
        ' ',
        h('kbd', {}, '0'),
        ' zoom; drag to move.',
      ),
    ),
  );
}
