// The record as flows, ways and rules. A way is written once; a flow fills its slots.

const R = JSON.parse(find('[data-record]').textContent);
for (const way of R.ways) way.steps = way.steps.map((step) => R.steps[step]);
const VERDICTS = ['forwarded', 'delivered', 'dropped', 'rejected', 'looped', 'unknown'];
const CERTAINTIES = ['certain', 'assumed', 'unknown'];
const WIDTH = R.fields.length;
const FIELD = Object.fromEntries(R.fields.map((name, index) => [name, index]));

/** A template as text: the texts and, for each number, that slot's value. */
const fill = (template, values) =>
  typeof template === 'string' ? template : template.map((part) => (typeof part === 'number' ? (values[part] ?? '') : part)).join('');

const endpoint = (address, port) => (port === null ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);

/** One form of a use's packet: its addresses and ports, and both ends as text. */
function form(use, index) {
  const at = (name) => use.values[index * WIDTH + FIELD[name]];
  const [src, sport, dst, dport, id, ttl] = ['src', 'sport', 'dst', 'dport', 'icmp_id', 'ttl'].map(at);
  const made = { src, sport, dst, dport, id, ttl, from: endpoint(src, sport), to: endpoint(dst, dport) };
  made.text = `${made.from} → ${made.to}${id === null ? '' : ` id ${id}`}`;
  return made;
}

/** A flow with its uses: each a way, the values of its slots, how many packets took it, and where the first was seen. */
function makeFlow(row, position) {
  const [id, kindNumber, start, span, packets, capture, who, values, uses, log] = row;
  const kind = R.kinds[kindNumber];
  const flow = { id, position, kind, start, span, packets, capture: R.words[capture], who: R.words[who], log };
  flow.uses = kind.uses.map((use, index) => ({
    role: use.role,
    way: R.ways[use.way],
    number: use.way,
    count: uses[index][0],
    first: uses[index][1],
    frames: uses[index].slice(2),
    values: use.slots.map((slot) => (values[slot] === null ? null : R.words[values[slot]])),
  }));
  const [first] = flow.uses;
  flow.proto = first.way.proto;
  flow.verdict = first.way.verdict;
  flow.certainty = flow.uses.some((use) => use.way.certainty === 'unknown')
    ? 'unknown'
    : flow.uses.some((use) => use.way.certainty === 'assumed')
      ? 'assumed'
      : 'certain';
  flow.before = form(first, 0);
  flow.after = form(first, first.way.last);
  flow.nat = flow.before.text !== flow.after.text;
  flow.replied = flow.uses.some((use) => use.role === 'reply');
  flow.where = kind.where;
  flow.decided = kind.decided;
  flow.why = fill(first.way.why, first.values);
  flow.caption = fill(kind.caption, first.values);
  return flow;
}

const FLOWS = R.flows.map(makeFlow);
const flowById = new Map(FLOWS.map((flow) => [flow.id, flow]));
const RULES = R.chains.flatMap((chain) => chain.rules.map((rule) => Object.assign(rule, { chain })));
const place = (rule) => (rule.line ? `${rule.file}:${rule.line}` : `${rule.file}:${rule.chain.table}/${rule.chain.name}/${rule.number}`);
const ruleByPlace = new Map(RULES.map((rule) => [place(rule), rule]));
const ruleLink = (rule) => `#rule=${encodeURI(place(rule))}`;
const namespaceContainers = new Map(R.host.namespaces.map((namespace) => [namespace.name, namespace.containers]));

/** The containers that a flow's ways touch, by name. */
function containersOf(flow) {
  const names = new Set();
  for (const use of flow.uses)
    for (const step of use.way.steps) {
      for (const name of namespaceContainers.get(R.places[step.place].name) || []) names.add(name);
    }
  if (R.host.containers.some((container) => container.name === flow.who)) names.add(flow.who);
  return names;
}

const containersByKind = new Map();
function containers(flow) {
  const key = `${R.kinds.indexOf(flow.kind)} ${flow.who}`;
  if (!containersByKind.has(key)) containersByKind.set(key, containersOf(flow));
  return containersByKind.get(key);
}

/** Capture time of an offset in nanoseconds, as UTC. */
function clock(offset, digits = 3) {
  const epoch = BigInt(R.epoch) + BigInt(Math.round(offset));
  const stamp = new Date(Number(epoch / 1000000n)).toISOString();
  const fraction = String(epoch % 1000000000n)
    .padStart(9, '0')
    .slice(0, digits);
  return { date: stamp.slice(0, 10), time: `${stamp.slice(11, 19)}.${fraction}` };
}

/** A span of nanoseconds for people. */
function lasting(span) {
  if (span < 1e6) return `${Math.round(span / 1e3)} µs`;
  if (span < 1e9) return `${(span / 1e6).toFixed(1)} ms`;
  return span < 120e9 ? `${(span / 1e9).toFixed(1)} s` : `${(span / 60e9).toFixed(1)} min`;
}

/** When the host was captured, for people: ISO 8601 with blanks. */
const capturedText = () => R.host.captured.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z$/, '$1 $2 UTC');

/** Counts by what `key` answers. */
function countBy(items, key) {
  const counts = new Map();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) || 0) + 1);
  return counts;
}

/** A doubt's name: its place and its reason, without the addresses and numbers in which alike doubts differ. */
const doubtKey = (doubt) => {
  const general = (template) => (typeof template === 'string' ? template : template.map((part) => (typeof part === 'number' ? '0' : part)).join(''));
  return `${general(doubt.at)}: ${general(doubt.why).replace(/\b\d[\da-f.:]*/g, '…')}`;
};
