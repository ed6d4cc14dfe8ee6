// Which flows are shown: a free search and one field each for address, port, container, verdict, certainty, protocol, rule.

const FILTERS = ['q', 'address', 'port', 'container', 'verdict', 'certainty', 'proto', 'rule', 'doubt', 'evidence', 'where'];

/** An IPv4 or IPv6 address as a BigInt with its width, or null. */
function parseAddress(text) {
  if (/^\d+(\.\d+){3}$/.test(text)) {
    const bytes = text.split('.').map(Number);
    return bytes.every((byte) => byte < 256) ? { value: bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n), bits: 32 } : null;
  }
  if (!/^[0-9a-f:]+$/i.test(text) || !text.includes(':')) return null;
  const [head, tail] = text.split('::').map((half) => (half ? half.split(':') : []));
  const groups = tail === undefined ? head : [...head, ...Array(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail];
  if (groups.length !== 8 || groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return null;
  return { value: groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n), bits: 128 };
}

/** A test for addresses: a network (10.0.0.0/8), a whole address, or the beginning of one. */
function addressTest(text) {
  const [base, prefix] = text.split('/');
  const address = parseAddress(base);
  if (address && prefix !== undefined && /^\d+$/.test(prefix) && Number(prefix) <= address.bits) {
    const shift = BigInt(address.bits - Number(prefix));
    return (other) => {
      const parsed = parseAddress(other);
      return parsed && parsed.bits === address.bits && parsed.value >> shift === address.value >> shift;
    };
  }
  return address ? (other) => other === base : (other) => other.startsWith(base);
}

/** Remembers a test's answer for each text: most flows share their addresses. */
function remembered(test) {
  const answers = new Map();
  return (text) => {
    if (!answers.has(text)) answers.set(text, test(text));
    return answers.get(text);
  };
}

const ends = (flow) => [flow.before.src, flow.before.dst, flow.after.src, flow.after.dst];
const ports = (flow) => [flow.before.sport, flow.before.dport, flow.after.sport, flow.after.dport];

const haystacks = new Map();
function haystack(flow) {
  let text = haystacks.get(flow.id);
  if (text === undefined) {
    text = [
      flow.id,
      flow.who,
      flow.proto,
      flow.before.text,
      flow.after.text,
      flow.verdict,
      flow.where,
      flow.decided,
      flow.why,
      flow.certainty,
      ...containers(flow),
    ]
      .join(' ')
      .toLowerCase();
    haystacks.set(flow.id, text);
  }
  return text;
}

/** The ways that went past a rule, or that hold a doubt. */
const waysWith = (test) => new Set(R.ways.flatMap((way, index) => (test(way) ? [index] : [])));

/** The test of one filter. */
function filterTest(name, value) {
  switch (name) {
    case 'q': {
      const words = value.toLowerCase().split(/\s+/).filter(Boolean);
      return (flow) =>
        words.every((word) => (word.length > 1 && word.startsWith('-') ? !haystack(flow).includes(word.slice(1)) : haystack(flow).includes(word)));
    }
    case 'address': {
      const test = remembered(addressTest(value.trim()));
      return (flow) => ends(flow).some(test);
    }
    case 'port': {
      const wanted = value.trim();
      return (flow) => ports(flow).includes(wanted);
    }
    case 'container':
      return (flow) => containers(flow).has(value);
    case 'rule': {
      const rule = ruleByPlace.get(value);
      const ways = rule ? waysWith((way) => way.rules.includes(rule.id)) : new Set();
      return (flow) => flow.uses.some((use) => ways.has(use.number));
    }
    case 'doubt': {
      const ways = waysWith((way) => way.doubts.some((doubt) => doubtKey(doubt) === value));
      return (flow) => flow.uses.some((use) => ways.has(use.number));
    }
    case 'evidence': {
      const ways = waysWith((way) => way.seen.some((seen) => seen.state === value));
      return (flow) => flow.uses.some((use) => ways.has(use.number));
    }
    default:
      return (flow) => flow[name] === value;
  }
}

/** The flows for which every filter that is set holds. */
function filtered(filters) {
  const tests = FILTERS.filter((name) => filters[name]).map((name) => filterTest(name, filters[name]));
  return tests.length ? FLOWS.filter((flow) => tests.every((test) => test(flow))) : FLOWS.slice();
}

const addressKey = remembered((text) => {
  const parsed = parseAddress(text);
  return parsed ? BigInt(parsed.bits) * (1n << 128n) + parsed.value : -1n;
});
const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
const byTuple = (of) => (one, other) => {
  const a = of(one),
    b = of(other);
  return (
    compare(addressKey(a.src), addressKey(b.src)) ||
    Number(a.sport) - Number(b.sport) ||
    compare(addressKey(a.dst), addressKey(b.dst)) ||
    Number(a.dport) - Number(b.dport)
  );
};

const ORDERS = {
  flow: (one, other) => one.id - other.id,
  time: (one, other) => one.start - other.start,
  from: (one, other) => compare(one.who, other.who),
  proto: (one, other) => compare(one.proto, other.proto),
  source: byTuple((flow) => flow.before),
  nat: (one, other) => Number(other.nat) - Number(one.nat) || byTuple((flow) => flow.after)(one, other),
  verdict: (one, other) => VERDICTS.indexOf(one.verdict) - VERDICTS.indexOf(other.verdict),
  where: (one, other) => compare(one.where, other.where) || compare(one.decided, other.decided),
  packets: (one, other) => one.packets - other.packets,
  certainty: (one, other) => CERTAINTIES.indexOf(other.certainty) - CERTAINTIES.indexOf(one.certainty),
};

/** Sorted, flows that are alike in their old order. */
function ordered(flows, by, down) {
  const order = ORDERS[by] || ORDERS.flow;
  return flows.slice().sort((one, other) => (down ? -order(one, other) : order(one, other)) || one.id - other.id);
}
