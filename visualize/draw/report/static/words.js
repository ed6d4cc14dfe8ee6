// A step in plain words, and the small parts of a step that pictures and lists share.

const HOOKS = R.hooks;
const STATES = {
  NEW: 'first packet of a connection, or no answer seen yet',
  ESTABLISHED: 'of a connection that was answered',
  RELATED: 'an error about a known connection',
  INVALID: 'fits no connection',
  UNTRACKED: 'not tracked',
};
const HOOKED = new Set(['rule', 'policy', 'conntrack']);
const WORDS = { src: 'source', dst: 'destination', sport: 'source port', dport: 'destination port', icmp_id: 'ICMP id', ttl: 'TTL', tos: 'TOS' };

/** Before and after of a rewrite, address and port together. */
function changes(step, use) {
  const value = (part) => (typeof part === 'number' ? use.values[part] : part);
  const pairs = new Map(step.pairs.map(([name, before, after]) => [name, [value(before), value(after)]]));
  const old = form(use, step.form - 1),
    now = form(use, step.form);
  const told = [];
  for (const [address, port, word, end] of [
    ['src', 'sport', 'source', 'from'],
    ['dst', 'dport', 'destination', 'to'],
  ]) {
    if (pairs.has(address) || pairs.has(port)) told.push([word, old[end], now[end]]);
    pairs.delete(address);
    pairs.delete(port);
  }
  for (const [name, [before, after]] of pairs) told.push([WORDS[name] || name, before, after]);
  return told;
}

const WHOSE = { rule: 'by the rule above', conntrack: 'by conntrack, as the connection’s first packet was', kernel: 'by the kernel' };

/** One step in plain words: what the list of steps and the copied text say. */
function tell(step, use) {
  const why = step.why ? fill(step.why, use.values) : '';
  switch (step.step) {
    case 'received':
      return step.kernel ? 'made by the kernel' : step.local ? 'sent by a process here' : `received on ${step.interface}`;
    case 'rule':
      return `${step.hook}: ${step.table} ${step.chain} rule ${step.number}: ${step.did}${step.doubt ? ` (doubt: ${fill(step.doubt, use.values)})` : ''}`;
    case 'policy':
      return `${step.hook}: ${step.table} ${step.chain} policy: ${step.verdict}`;
    case 'conntrack':
      return `${step.hook}: conntrack: ${step.state}${step.role === 'reply' ? ', reply direction' : ''}${why ? ` (${why})` : ''}`;
    case 'rewrite':
      return `${step.hook}: ${step.quiet ? '' : `${step.kind}: `}${changes(step, use)
        .map(([word, before, after]) => `${word} ${before} → ${after}`)
        .join(', ')}${step.by === 'conntrack' ? ' (by conntrack)' : ''}`;
    case 'route':
      return `route: ${fill(step.route, use.values) || 'none'}${step.table ? ` (table ${step.table})` : ''}${routeOut(step)}${why ? `; ${why}` : ''}`;
    case 'bridge':
      return `bridge ${step.bridge}: ${step.port ? `to port ${step.port}` : 'up to the host'} (${why})`;
    case 'crossed':
      return `over the veth pair ${step.from} → ${step.interface}`;
    case 'sent':
      return `sent by ${step.interface}`;
    case 'begot':
      return why;
    default:
      return `${step.verdict}: ${why}`;
  }
}

function routeOut(step) {
  if (step.type === 'local') return ': to this namespace itself';
  return step.out && step.out !== 'lo' ? `: out by ${step.out}${step.gateway ? `, next hop ${step.gateway}` : ''}` : '';
}

/** A link to a rule in the rules view. */
function ruleAnchor(step, label) {
  const rule = step.rule === null || step.rule === undefined ? null : RULES[step.rule];
  return rule ? h('a', { href: ruleLink(rule), class: 'rule-link' }, label || place(rule)) : h('span', {}, label || '');
}

/** What the capture says of a place on the way. */
function evidence(step, use) {
  if (step.seen === undefined)
    return step === use.way.steps[0] && !step.local ? h('span', { class: 'evidence seen' }, icon('seen'), `seen, frame ${use.first}`) : null;
  const seen = use.way.seen[step.seen],
    frame = use.frames[step.seen];
  if (seen.state === 'seen')
    return h('span', { class: 'evidence seen' }, icon('seen'), frame === null ? 'seen in the capture' : `seen, frame ${frame}`);
  if (seen.state === 'not seen') return h('span', { class: 'evidence unseen' }, icon('unseen'), 'not seen in the capture');
  return h('span', { class: 'evidence contradicted' }, icon('warning'), `the capture says otherwise: ${fill(seen.why, use.values)}`);
}

/** The rule that ended a way, where one did. */
function endingRule(use) {
  const last = use.way.steps.filter((step) => step.step === 'rule').pop();
  const ended = use.way.verdict === 'dropped' || use.way.verdict === 'rejected';
  const there = last && last.rule !== null && use.way.at === `${last.table} ${last.chain} ${last.number}`;
  return ended && there ? RULES[last.rule] : null;
}
