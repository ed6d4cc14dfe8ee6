// The table of flows. Only the rows in sight exist, so ten thousand scroll as ten do.

const COLUMNS = [
  ['flow', 'Flow'],
  ['time', 'Time'],
  ['from', 'From'],
  ['proto', 'Proto'],
  ['source', 'Source → destination'],
  ['nat', 'After NAT'],
  ['verdict', 'Verdict'],
  ['where', 'Where, decided by'],
  ['packets', 'Packets'],
  ['certainty', 'Certainty'],
];
const SPARE = 10; // rows kept beyond each edge of what is seen
const PRINTED = 500; // rows on paper

function flowRow(flow, index) {
  const cell = (name, ...children) => h('td', { role: 'cell', class: `c-${name}` }, ...children);
  return h(
    'tr',
    { role: 'row', class: `row v-${flow.verdict}`, 'aria-rowindex': index + 2, data: { index } },
    cell('flow', h('a', { href: `#flow=${flow.id}`, 'aria-label': `Flow ${flow.id}: ${flow.proto} ${flow.before.text}, ${flow.verdict}` }, flow.id)),
    cell('time', clock(flow.start).time),
    cell('from', flow.who),
    cell('proto', flow.proto),
    cell('source', tupleNode(flow.before)),
    cell('nat', flow.nat ? tupleNode(flow.after) : h('span', { class: 'dim none' }, '—')),
    cell('verdict', badge(flow.verdict)),
    cell(
      'where',
      h('span', { class: 'where' }, flow.where),
      flow.decided && flow.decided !== flow.where ? h('span', { class: 'dim decided' }, flow.decided) : null,
    ),
    cell('packets', number(flow.packets), flow.replied ? null : h('span', { class: 'dim noreply' }, 'no reply')),
    cell('certainty', sureness(flow.certainty)),
  );
}

/** A table whose body is a window on `flows`. */
class FlowTable {
  constructor(onsort) {
    this.flows = [];
    this.range = [-1, -1];
    this.active = 0;
    this.body = h('tbody', { role: 'rowgroup' });
    this.head = h(
      'tr',
      { role: 'row', class: 'row head', 'aria-rowindex': 1 },
      COLUMNS.map(([name, title]) =>
        h(
          'th',
          { role: 'columnheader', scope: 'col', class: `c-${name}`, data: { column: name } },
          h('button', { type: 'button', onclick: () => onsort(name) }, title, h('span', { class: 'order', 'aria-hidden': 'true' })),
        ),
      ),
    );
    this.table = h('table', { role: 'table', class: 'flows', 'aria-label': 'Flows' }, h('thead', { role: 'rowgroup' }, this.head), this.body);
    this.window = h('div', { class: 'window' }, this.table);
    this.empty = h('p', { class: 'empty', hidden: true }, 'No flow fits these filters.');
    this.node = h('div', { class: 'flow-table card' }, this.window, this.empty);
    this.window.addEventListener('scroll', () => this.later(), { passive: true });
    this.window.addEventListener('keydown', (event) => this.key(event));
    this.window.addEventListener('focusin', (event) => {
      const row = event.target.closest('tbody tr');
      if (row) this.active = Number(row.dataset.index);
    });
    this.body.addEventListener('click', (event) => {
      const row = event.target.closest('tr');
      if (row && !event.target.closest('a') && !String(getSelection())) location.hash = find('a', row).hash;
    });
    new ResizeObserver(() => this.later()).observe(this.window);
  }

  later() {
    if (!this.waiting)
      this.waiting = requestAnimationFrame(() => {
        this.waiting = 0;
        this.draw();
      });
  }

  show(flows, by, down) {
    this.flows = flows;
    this.range = [-1, -1];
    this.active = 0;
    this.table.setAttribute('aria-rowcount', flows.length + 1);
    for (const header of this.head.children) {
      if (header.dataset.column === by) header.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else header.removeAttribute('aria-sort');
    }
    this.empty.hidden = flows.length > 0;
    this.window.scrollTop = 0;
    this.draw();
  }

  rowHeight() {
    return parseFloat(getComputedStyle(this.table).getPropertyValue('--row')) || 40;
  }

  /** Put the rows in sight into the table. */
  draw() {
    const height = this.rowHeight(),
      seen = this.window.clientHeight || 600;
    const first = Math.max(0, Math.floor(this.window.scrollTop / height) - SPARE);
    const last = Math.min(this.flows.length - 1, Math.ceil((this.window.scrollTop + seen) / height) + SPARE);
    this.body.style.height = `${this.flows.length * height}px`;
    if (first === this.range[0] && last === this.range[1] && height === this.height) return;
    this.height = height;
    this.range = [first, last];
    const kept = new Map([...this.body.children].map((row) => [row.dataset.id, row]));
    const rows = [];
    for (let index = first; index <= last; index += 1) {
      const flow = this.flows[index];
      const row = kept.get(`${index}:${flow.id}`) || flowRow(flow, index);
      row.dataset.id = `${index}:${flow.id}`;
      row.style.top = `${index * height}px`;
      rows.push(row);
    }
    const focused = this.body.contains(document.activeElement);
    const wanted = new Set(rows);
    for (const row of [...this.body.children]) if (!wanted.has(row)) row.remove();
    rows.forEach((row, index) => {
      if (this.body.children[index] !== row) this.body.insertBefore(row, this.body.children[index] || null);
    });
    if (focused && !this.body.contains(document.activeElement)) this.focus(this.active);
  }

  focus(index) {
    if (!this.flows.length) return;
    this.active = Math.max(0, Math.min(this.flows.length - 1, index));
    const height = this.rowHeight(),
      top = this.active * height,
      head = this.head.offsetHeight;
    if (top < this.window.scrollTop) this.window.scrollTop = top;
    else if (top + height + head > this.window.scrollTop + this.window.clientHeight)
      this.window.scrollTop = top + height + head - this.window.clientHeight;
    this.draw();
    const row = find(`tr[data-index="${this.active}"] a`, this.body);
    if (row) row.focus({ preventScroll: true });
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.window.clientHeight / this.rowHeight()) - 1);
    const target = {
      ArrowDown: this.active + 1,
      ArrowUp: this.active - 1,
      PageDown: this.active + page,
      PageUp: this.active - page,
      Home: 0,
      End: this.flows.length - 1,
      j: this.active + 1,
      k: this.active - 1,
    }[event.key];
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!event.target.closest('tbody') && !event.key.startsWith('Arrow')) return;
    event.preventDefault();
    this.focus(event.target.closest('tbody') ? target : event.key === 'ArrowDown' ? 0 : this.active);
  }

  /** On paper there is no scrolling: the first rows all at once. */
  beforePrint() {
    this.printed = h(
      'table',
      { class: 'flows printed' },
      h(
        'thead',
        {},
        h(
          'tr',
          { class: 'row head' },
          COLUMNS.map(([name, title]) => h('th', { class: `c-${name}` }, title)),
        ),
      ),
      h('tbody', {}, this.flows.slice(0, PRINTED).map(flowRow)),
    );
    this.node.append(
      this.printed,
      this.flows.length > PRINTED
        ? h(
            'p',
            { class: 'printed dim' },
            `The first ${number(PRINTED)} of ${plural(this.flows.length, 'flow')}; filter before printing to choose others.`,
          )
        : '',
    );
  }

  afterPrint() {
    for (const node of this.node.querySelectorAll('.printed')) node.remove();
  }
}
