// The host's network as Graphviz drew it: zoomed and moved here, its dark colours in the style; a flow's way can be marked on it.

const LEGIBLE = 0.55; // the smallest scale that a picture begins with; what does not fit is moved into sight
const topology = { built: false, note: null };

function buildTopology() {
  if (topology.built) return;
  topology.built = true;
  const drawn = document.importNode(find('template[data-topology]').content, true).firstElementChild;
  const root = view('topology');
  topology.note = h('span', { class: 'chips' });
  put(
    root,
    h(
      'div',
      { class: 'view-head' },
      h('h1', { id: 'h-topology' }, 'Topology'),
      h('p', { class: 'count' }, `${plural(R.host.namespaces.length, 'namespace')}, ${plural(R.host.containers.length, 'container')}`),
    ),
  );
  if (!drawn) {
    put(root, h('p', { class: 'card empty' }, 'No topology was drawn.'));
    return;
  }
  const wide = (Number((drawn.getAttribute('viewBox') || '0 0 800 600').split(' ')[2]) * 4) / 3;
  drawn.setAttribute('class', 'graphviz');
  drawn.style.width = `${wide}px`;
  drawn.setAttribute('role', 'img');
  drawn.setAttribute(
    'aria-label',
    'Namespaces, interfaces, bridges, cables, addresses and published ports; the containers are listed in the summary',
  );
  const port = viewport(drawn, 'Picture of the topology', () => wide);
  put(root, h('div', { class: 'toolbar' }, topology.note, h('span', { class: 'grow' }), port.tools), port.box);
  requestAnimationFrame(() => port.fit(LEGIBLE));
}

/** The cards that a flow's ways passed. */
function passedNodes(flow) {
  const found = new Set();
  const pass = (place, name) => {
    const node = R.nodes[`${R.places[place].name}/${name}`];
    if (node) found.add(node);
  };
  for (const use of flow.uses) {
    for (const step of use.way.steps) {
      for (const name of [step.interface, step.bridge, step.port]) if (name && step.step !== 'end') pass(step.place, name);
      if (step.sender) pass(step.sender.place, step.sender.interface);
    }
  }
  return found;
}

/** Mark a flow's way on the picture, or none. */
function markOnTopology(id) {
  const flow = flowById.get(id),
    drawn = find('.graphviz');
  if (!drawn) return;
  const nodes = flow ? passedNodes(flow) : new Set();
  for (const group of drawn.querySelectorAll('g.node, g.edge')) {
    const hot = group.classList.contains('edge')
      ? !group.classList.contains('published') && group.id.split('-').every((end) => nodes.has(end) || (end === 'world' && nodes.size > 0))
      : nodes.has(group.id);
    group.classList.toggle('hot', hot);
    group.classList.toggle('cool', Boolean(flow) && !hot && group.id !== 'world');
  }
  topology.note.replaceChildren();
  if (flow)
    put(
      topology.note,
      h(
        'span',
        { class: 'chip' },
        'The way of ',
        h('a', { href: `#flow=${flow.id}` }, `flow ${flow.id}`),
        ` ${flow.before.text}`,
        h('a', { href: '#topology', 'aria-label': 'Show no flow', class: 'chip-close' }, '×'),
      ),
    );
}
