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

/** A table whose body is a window on `flows`. */
class FlowTable {
  constructor(onsort) {
    this.flows = [];
    this.rows = []; // in order; row n shows flow `first` + n
    this.first = 0;
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
    this.active = 0;
    this.table.setAttribute('aria-rowcount', flows.length + 1);
    for (const header of this.head.children) {
      if (header.dataset.column === by) header.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else header.removeAttribute('aria-sort');
    }
    this.empty.hidden = flows.length > 0;
    this.window.scrollTop = 0;
    this.drawn = false;
    this.draw();
  }

  rowHeight() {
    return parseFloat(getComputedStyle(this.table).getPropertyValue('--row')) || 40;
  }

  /** The first row in sight, and the one behind the last. */
  sight(height) {
    const first = Math.floor(this.window.scrollTop / height);
    return [first, Math.min(this.flows.length, first + Math.ceil((this.window.clientHeight || 600) / height) + 1)];
  }

  /** Fill the rows in sight and some around them. They stand in one block, moved as a whole: styling each row's place would take longer. */
  draw() {
    const height = this.rowHeight();
    const [from, to] = this.sight(height);
    if (this.drawn && height === this.height && from >= this.first && to <= this.first + this.rows.length) return;
    this.drawn = true;
    this.height = height;
    this.first = Math.max(0, from - SPARE);
    const count = Math.min(this.flows.length, to + SPARE) - this.first;
    while (this.rows.length < count) this.rows.push(new Row());
    for (const row of this.rows.splice(count)) row.node.remove();
    this.rows.forEach((row, place) => {
      row.fill(this.flows[this.first + place], this.first + place);
      if (!row.node.parentNode) this.body.append(row.node);
    });
    this.body.style.height = `${this.flows.length * height}px`;
    this.body.style.paddingTop = `${this.first * height}px`;
    if (this.body.contains(document.activeElement)) this.refocus();
  }

  /** The rows moved below the focus: it stays with its flow, or with the nearest that exists. */
  refocus() {
    const place = Math.max(0, Math.min(this.rows.length - 1, this.active - this.first));
    this.active = this.first + place;
    this.rows[place].link.focus({ preventScroll: true });
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
    this.refocus();
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
    const head = h(
      'tr',
      { class: 'row head' },
      COLUMNS.map(([name, title]) => h('th', { class: `c-${name}` }, title)),
    );
    const rows = this.flows.slice(0, PRINTED).map((flow, index) => new Row().fill(flow, index).node);
    put(this.node, h('table', { class: 'flows printed' }, h('thead', {}, head), h('tbody', {}, rows)));
    const left = `The first ${number(PRINTED)} of ${plural(this.flows.length, 'flow')}; filter before printing to choose others.`;
    if (this.flows.length > PRINTED) put(this.node, h('p', { class: 'printed dim' }, left));
  }

  afterPrint() {
    for (const node of this.node.querySelectorAll('.printed')) node.remove();
  }
}
