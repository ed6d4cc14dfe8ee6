// The list of flows: filters above the table; what is chosen stands in the address, so that it can be sent.

const flowList = { filters: {}, by: 'flow', down: false, shown: FLOWS };

function option(value, label) {
  return h('option', { value }, label || value);
}

function field(name, label, control) {
  control.id = `f-${name}`;
  control.dataset.filter = name;
  control.addEventListener(control.tagName === 'SELECT' ? 'change' : 'input', () => {
    setFilter(name, control.value);
  });
  return h('div', { class: `field f-${name}` }, h('label', { for: control.id }, label), control);
}

function choices(name, values, counts) {
  return h(
    'select',
    {},
    option('', 'any'),
    values.filter((value) => counts.has(value)).map((value) => option(value, `${value} (${number(counts.get(value))})`)),
  );
}

function filterBar() {
  const names = new Map();
  for (const flow of FLOWS) for (const name of containers(flow)) names.set(name, (names.get(name) || 0) + 1);
  return h(
    'form',
    { class: 'filters card', role: 'search', 'aria-label': 'Filter the flows', onsubmit: (event) => event.preventDefault() },
    field('q', 'Search', h('input', { type: 'search', placeholder: 'words; -word leaves out', autocomplete: 'off', spellcheck: 'false' })),
    h(
      'button',
      {
        type: 'button',
        class: 'quiet-button more',
        'aria-expanded': 'false',
        onclick: (event) => event.currentTarget.setAttribute('aria-expanded', String(event.currentTarget.parentNode.classList.toggle('unfolded'))),
      },
      'Filters',
    ),
    field('address', 'Address or network', h('input', { type: 'search', placeholder: '172.17.0.0/16', autocomplete: 'off', spellcheck: 'false' })),
    field('port', 'Port', h('input', { type: 'search', inputmode: 'numeric', placeholder: '8080', autocomplete: 'off', size: 6 })),
    field('container', 'Container', choices('container', [...names.keys()].sort(), names)),
    field(
      'verdict',
      'Verdict',
      choices(
        'verdict',
        VERDICTS,
        countBy(FLOWS, (flow) => flow.verdict),
      ),
    ),
    field(
      'certainty',
      'Certainty',
      choices(
        'certainty',
        CERTAINTIES,
        countBy(FLOWS, (flow) => flow.certainty),
      ),
    ),
    field(
      'proto',
      'Protocol',
      choices(
        'proto',
        [...new Set(FLOWS.map((flow) => flow.proto))].sort(),
        countBy(FLOWS, (flow) => flow.proto),
      ),
    ),
    h(
      'button',
      {
        type: 'button',
        class: 'quiet-button reset',
        onclick: () => {
          location.hash = '#flows';
          applyFilters({});
        },
      },
      'Clear',
    ),
  );
}

/** A filter changed by hand: the address line follows without a new entry in the history. */
function setFilter(name, value) {
  const filters = { ...flowList.filters, [name]: value };
  if (!value) delete filters[name];
  const query = new URLSearchParams(filters).toString();
  history.replaceState(null, '', `#flows${query ? `?${query}` : ''}`);
  applyFilters(filters);
}

function applyFilters(filters) {
  flowList.filters = filters;
  for (const control of view('flows').querySelectorAll('[data-filter]'))
    if (control.value !== (filters[control.dataset.filter] || '')) control.value = filters[control.dataset.filter] || '';
  flowList.shown = ordered(filtered(filters), flowList.by, flowList.down);
  flowList.table.show(flowList.shown, flowList.by, flowList.down);
  const packets = flowList.shown.reduce((sum, flow) => sum + flow.packets, 0);
  const text = `${plural(flowList.shown.length, 'flow')}${flowList.shown.length < FLOWS.length ? ` of ${number(FLOWS.length)}` : ''}, ${plural(packets, 'packet')}`;
  flowList.count.textContent = text;
  flowList.extra.replaceChildren(
    ...['rule', 'doubt', 'evidence', 'where']
      .filter((name) => filters[name])
      .map((name) =>
        h(
          'span',
          { class: 'chip' },
          `${name}: ${filters[name]}`,
          h('button', { type: 'button', 'aria-label': `Remove the filter ${name}`, onclick: () => setFilter(name, '') }, '×'),
        ),
      ),
  );
  announce(text);
}

function sortBy(name) {
  flowList.down = flowList.by === name ? !flowList.down : name === 'packets' || name === 'certainty';
  flowList.by = name;
  applyFilters(flowList.filters);
}

function buildFlows() {
  flowList.table = new FlowTable(sortBy);
  flowList.count = h('p', { class: 'count' });
  flowList.extra = h('span', { class: 'chips' });
  put(
    view('flows'),
    h('div', { class: 'view-head' }, h('h1', { id: 'h-flows' }, 'Flows'), flowList.count, flowList.extra),
    FLOWS.length ? filterBar() : h('p', { class: 'card empty' }, 'The snapshot holds no capture: name one with --pcap.'),
    flowList.table.node,
  );
  applyFilters({});
}
