// A row of the list of flows. Rows are filled again and again while the list scrolls: only texts and a few classes change.

const cell = (name, ...children) => h('td', { role: 'cell', class: `c-${name}` }, ...children);
const write = (text, words) => {
  if (text.data !== words) text.data = words;
};
const dress = (element, names) => {
  if (element.className !== names) element.className = names;
};

/** Source above destination. */
class TupleCell {
  constructor(name) {
    this.from = new Text();
    this.to = new Text();
    this.node = cell(
      name,
      h('span', { class: 'tuple' }, h('span', {}, this.from), ' ', h('span', { class: 'to' }, h('span', { class: 'arrow' }, '→ '), this.to)),
    );
    this.name = `c-${name}`;
  }

  fill(tuple) {
    write(this.from, tuple ? tuple.from : '—');
    write(this.to, tuple ? tuple.to : '');
    dress(this.node, tuple ? this.name : `${this.name} none`);
  }
}

/** An icon with its word: a verdict or a certainty. */
class MarkCell {
  constructor(name, kind) {
    this.kind = kind;
    this.word = new Text();
    this.icon = icon('unknown');
    this.mark = h('span', {}, this.icon, h('span', {}, this.word));
    this.node = cell(name, this.mark);
  }

  fill(word) {
    if (this.word.data === word) return;
    write(this.word, word);
    dress(this.mark, `${this.kind} ${word}`);
    this.icon.firstChild.setAttribute('href', `#i-${word}`);
  }
}

/** Two lines of text, the second of them small. */
class TwoLineCell {
  constructor(name, second) {
    this.one = new Text();
    this.two = new Text();
    this.node = cell(name, h('span', { class: name }, this.one), h('span', { class: `dim ${second}` }, this.two));
  }

  fill(one, two) {
    write(this.one, one);
    write(this.two, two);
  }
}

class Row {
  constructor() {
    this.plain = Object.fromEntries(['time', 'from', 'proto'].map((name) => [name, new Text()]));
    this.link = h('a', {}, (this.id = new Text()));
    this.source = new TupleCell('source');
    this.nat = new TupleCell('nat');
    this.verdict = new MarkCell('verdict', 'badge');
    this.where = new TwoLineCell('where', 'decided');
    this.packets = new TwoLineCell('packets', 'noreply');
    this.certainty = new MarkCell('certainty', 'sure');
    const plain = Object.entries(this.plain).map(([name, text]) => cell(name, text));
    const parts = [this.source, this.nat, this.verdict, this.where, this.packets, this.certainty].map((part) => part.node);
    this.node = h('tr', { role: 'row', class: 'row' }, cell('flow', this.link), plain, parts);
  }

  /** Show a flow, at this place of the list. */
  fill(flow, index) {
    this.index = index;
    this.flow = flow;
    this.node.dataset.index = index;
    this.node.setAttribute('aria-rowindex', index + 2);
    this.link.setAttribute('href', `#flow=${flow.id}`);
    this.link.setAttribute('aria-label', `Flow ${flow.id}: ${flow.proto} ${flow.before.text}, ${flow.verdict}`);
    write(this.id, String(flow.id));
    write(this.plain.time, clock(flow.start).time);
    write(this.plain.from, flow.who);
    write(this.plain.proto, flow.proto);
    this.source.fill(flow.before);
    this.nat.fill(flow.nat ? flow.after : null);
    this.verdict.fill(flow.verdict);
    this.where.fill(flow.where, flow.decided === flow.where ? '' : flow.decided);
    this.packets.fill(number(flow.packets), flow.replied ? '' : 'no reply');
    this.certainty.fill(flow.certainty);
    return this;
  }
}
