// One flow: what became of it, its picture, its steps in words, its packets.

const DETAILS = [
  ['summary', 'Summary'],
  ['rules', 'Rules'],
  ['full', 'Everything'],
];
const chosen = { detail: 'rules', tab: 'picture' };

function picture(flow) {
  const drawn = drawing(flow);
  drawn.dataset.detail = chosen.detail;
  const port = viewport(drawn, `Picture of flow ${flow.id}`);
  const buttons = DETAILS.map(([name, title]) =>
    h(
      'button',
      {
        type: 'button',
        'aria-pressed': String(chosen.detail === name),
        onclick: (event) => {
          chosen.detail = drawn.dataset.detail = name;
          for (const button of event.currentTarget.parentNode.children) button.setAttribute('aria-pressed', String(button === event.currentTarget));
        },
      },
      title,
    ),
  );
  return [h('div', { class: 'toolbar' }, h('div', { class: 'segmented', role: 'group', 'aria-label': 'Detail' }, buttons), port.tools), port.box];
}

/** A use's steps as text, for reading and for a ticket. */
function stepLines(use) {
  let at = -1;
  const lines = [`${use.way.kind} ${form(use, 0).text} ttl ${form(use, 0).ttl}`];
  use.way.steps.forEach((step, index) => {
    if (step.place !== at) {
      at = step.place;
      lines.push('', `in ${R.places[at].title}`);
    }
    lines.push(`${String(index + 1).padStart(3)}  ${tell(step, use)}`);
    if (step.step === 'rule' && step.rule !== null) lines.push(`     ${RULES[step.rule].text}`, `     ${place(RULES[step.rule])}`);
  });
  for (const doubt of use.way.doubts)
    lines.push('', `not known: ${fill(doubt.at, use.values)}: ${fill(doubt.why, use.values)}; assumed: ${fill(doubt.assumed, use.values)}`);
  return lines;
}

function stepItem(step, use) {
  const rule = step.step === 'rule' && step.rule !== null ? RULES[step.rule] : null;
  return h(
    'li',
    { class: step.step === 'end' ? 'last' : step.quiet ? 'faint' : '' },
    h('span', {}, tell(step, use)),
    rule ? h('div', {}, h('code', { class: 'rule-text' }, rule.text), ' ', h('a', { href: ruleLink(rule), class: 'origin' }, place(rule))) : null,
  );
}

/** A use's steps as numbered lists, one for each stay in a namespace. */
function stepLists(use) {
  const parts = [];
  let list = null,
    at = -1;
  use.way.steps.forEach((step, index) => {
    if (step.place !== at) {
      at = step.place;
      list = h('ol', { class: 'steps', start: index + 1 });
      parts.push(h('h4', {}, capital(R.places[at].title)), list);
    }
    list.append(stepItem(step, use));
  });
  return parts;
}

function stepsOf(flow) {
  const card = (use) => {
    const title = `${use.role === 'reply' ? 'Reply' : 'Original direction'}, ${wayLabel(use)}`;
    return h(
      'section',
      { class: 'card steps-card' },
      h('h3', {}, title),
      h('p', { class: 'tuple-line' }, `${use.way.kind}  ${form(use, 0).text}`),
      stepLists(use),
    );
  };
  const copy = copyButton('Copy as text', () => flow.uses.map((use) => stepLines(use).join('\n')).join('\n\n'));
  return [h('div', { class: 'toolbar' }, copy), flow.uses.map(card)];
}

function packetsOf(flow) {
  const rows = flow.log.map(([frame, useIndex, after, length, info]) => {
    const use = flow.uses[useIndex];
    const cell = (...children) => h('td', {}, ...children),
      figure = (...children) => h('td', { class: 'number' }, ...children);
    const direction = use.role === 'reply' ? '← reply' : '→ original';
    return h(
      'tr',
      {},
      figure(frame),
      cell(clock(flow.start + after, 6).time),
      figure(after === 0 ? '0' : `+${lasting(after)}`),
      cell(direction),
      cell(R.words[info]),
      figure(number(length)),
      cell(use.way.state || 'not tracked'),
      cell(badge(use.way.verdict)),
    );
  });
  const titles = ['Frame', 'Time (UTC)', 'After', 'Direction', 'What', 'Bytes', 'State', 'Verdict'];
  const left = flow.log.length < flow.packets ? `The first ${plural(flow.log.length, 'packet')} of ${number(flow.packets)}. ` : '';
  return [
    h('div', { class: 'card' }, plainTable(titles, rows, 'Packets')),
    h('p', { class: 'dim' }, `${left}Frame: where ${flow.capture} shows the packet first.`),
  ];
}

const TABS = [
  ['picture', 'Picture', picture],
  ['steps', 'Steps', stepsOf],
  ['packets', 'Packets', packetsOf],
];

function tabbed(flow) {
  const panels = new Map(
    TABS.map(([name, , build]) => [
      name,
      h('div', { role: 'tabpanel', id: `panel-${name}`, 'aria-labelledby': `tab-${name}`, class: `panel p-${name}` }, build(flow)),
    ]),
  );
  const tabs = TABS.map(([name, title]) =>
    h('button', { type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': `panel-${name}`, onclick: () => select(name) }, title),
  );
  const select = (name) => {
    chosen.tab = name;
    tabs.forEach((tab, index) => {
      const on = TABS[index][0] === name;
      tab.setAttribute('aria-selected', String(on));
      tab.tabIndex = on ? 0 : -1;
    });
    for (const [other, panel] of panels) panel.hidden = other !== name;
  };
  const list = h(
    'div',
    {
      role: 'tablist',
      'aria-label': 'Views of this flow',
      class: 'tabs',
      onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = (TABS.findIndex(([name]) => name === chosen.tab) + step + TABS.length) % TABS.length;
        select(TABS[next][0]);
        tabs[next].focus();
      },
    },
    tabs,
  );
  select(chosen.tab);
  return [list, ...panels.values()];
}

function doubtBox(flow) {
  const told = new Map();
  for (const use of flow.uses)
    for (const doubt of use.way.doubts) {
      const [at, why, assumed, settle] = ['at', 'why', 'assumed', 'settle'].map((name) => fill(doubt[name], use.values));
      told.set(
        `${at} ${why}`,
        h(
          'li',
          {},
          h('strong', {}, at),
          `: ${why}. `,
          h('span', { class: 'dim' }, `Assumed: ${assumed}.${settle ? ` Would settle it: ${settle}.` : ''}`),
        ),
      );
    }
  return told.size
    ? h('div', { class: 'card note' }, h('h2', {}, icon('unknown'), 'What the snapshot can’t tell'), h('ul', {}, ...told.values()))
    : null;
}

function neighbourLink(flow, step, name, title) {
  const index = flowList.shown.indexOf(flow);
  const other = index < 0 ? null : flowList.shown[index + step];
  return other
    ? h(
        'a',
        {
          class: 'iconic',
          href: `#flow=${other.id}`,
          'aria-label': `${title} flow: ${other.id}`,
          title: `${title} flow in the list`,
          'data-step': step,
        },
        icon(name),
      )
    : null;
}

function crumbs(flow) {
  const back = h('a', { href: flowsLink(), class: 'back' }, icon('back'), 'Flows');
  return h(
    'div',
    { class: 'crumbs' },
    back,
    h('span', { class: 'grow' }),
    neighbourLink(flow, -1, 'back', 'Previous'),
    neighbourLink(flow, 1, 'next', 'Next'),
  );
}

/** What became of it, in a sentence and in facts. */
function verdictCard(flow) {
  const when = clock(flow.start, 6);
  const title = [
    h('span', { class: 'dim' }, `Flow ${flow.id}`),
    ' ',
    h('span', { class: 'proto' }, flow.proto.toUpperCase()),
    ' ',
    tupleNode(flow.before),
  ];
  const after = flow.nat ? h('p', { class: 'after' }, h('span', { class: 'dim' }, 'after NAT '), tupleNode(flow.after)) : null;
  const told = [
    ['From', flow.who || 'not known'],
    ['Decided by', flow.decided || 'no rule'],
    ['Packets', `${number(flow.packets)}${flow.replied ? '' : ', no reply'}`],
    ['Began', `${when.date} ${when.time} UTC`],
    ['Lasted', flow.span ? lasting(flow.span) : ''],
    ['Capture', flow.capture],
  ];
  const outcome = h('p', { class: 'outcome' }, badge(flow.verdict), sureness(flow.certainty));
  const main = h('div', {}, h('h1', { id: 'h-flow' }, title), after, outcome, h('p', { class: 'caption' }, flow.caption));
  return h('div', { class: `card verdict-card ${flow.verdict}` }, main, facts(told));
}

function showFlow(id) {
  const flow = flowById.get(id),
    root = view('flow');
  root.replaceChildren();
  if (!flow) {
    const none = h('p', { class: 'card empty' }, `This report holds no flow ${id}.`);
    put(root, h('h1', { id: 'h-flow' }, 'No such flow'), none, h('p', {}, h('a', { href: '#flows' }, 'All flows')));
    return;
  }
  const topologyLink = h('a', { href: `#topology?flow=${flow.id}` }, 'topology');
  const command = h('code', {}, `packetpath draw ${R.origin.snapshot} --flow ${flow.id} -o out`);
  const foot = h('p', { class: 'dim small screen-only' }, 'Where it went in the network: ', topologyLink, '. A picture file of it: ', command);
  put(root, crumbs(flow), verdictCard(flow), doubtBox(flow), tabbed(flow), foot);
}

function flowsLink() {
  const query = new URLSearchParams(flowList.filters).toString();
  return `#flows${query ? `?${query}` : ''}`;
}
