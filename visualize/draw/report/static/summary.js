// What stands first: what was captured, what became of the flows and why, findings and gaps.

const KINDS = {
  missing: 'Not captured',
  syntax: 'Could not be read',
  dangling: 'Points to nothing',
  loop: 'Runs in a circle',
  ambiguous: 'Two readings',
  'not modelled': 'Not modelled',
  truncated: 'Ends too early',
};
const MEANING = {
  forwarded: 'left by an interface',
  delivered: 'to a socket or container',
  dropped: 'silently',
  rejected: 'with an answer',
  looped: 'went in circles',
  unknown: 'can’t be told',
};

function tile(verdict, count) {
  const share = FLOWS.length ? Math.round((count / FLOWS.length) * 100) : 0;
  return h(
    'a',
    { class: `tile ${verdict}`, href: `#flows?verdict=${verdict}` },
    h('span', { class: 'tile-head' }, icon(verdict), capital(verdict)),
    h('span', { class: 'tile-number' }, number(count)),
    h('span', { class: 'dim' }, `${share < 1 ? 'under 1' : share}% · ${MEANING[verdict]}`),
  );
}

/** The namespaces that were captured, by name where they are few. */
function namespacesText() {
  const names = R.host.namespaces.map((one) => one.name);
  return names.length <= 6 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}

/** The captures in few words. */
function capturesText() {
  const names = R.origin.captures.map((one) => `${one.name} (${one.netns}, ${one.interface})`);
  if (names.length <= 4) return names.join(', ') || 'none';
  return [names.slice(0, 3).join(', '), ' and ', h('a', { href: '#about' }, `${names.length - 3} more`)];
}

function hero() {
  const span = FLOWS.reduce((most, flow) => Math.max(most, flow.start + flow.span), 0);
  const began = FLOWS.length ? clock(0, 0) : null;
  return h(
    'div',
    { class: 'hero card' },
    h('div', {}, h('p', { class: 'eyebrow' }, 'Packet paths of'), h('h1', { id: 'h-summary' }, R.host.name || R.origin.snapshot)),
    facts([
      ['Captured', capturedText()],
      ['Kernel', R.host.kernel],
      ['Snapshot', R.origin.snapshot],
      ['Namespaces', namespacesText()],
      ['Capture', capturesText()],
      ['First packet', began && `${began.date} ${began.time.replace(/\.$/, '')} UTC`],
      ['Over', FLOWS.length ? lasting(span) : ''],
      ['Packets', FLOWS.length ? number(FLOWS.reduce((sum, flow) => sum + flow.packets, 0)) : ''],
      ['Only flows', R.origin.where],
      ['Left out', R.origin.left_out ? `${plural(R.origin.left_out, 'later flow')}; choose some with --where` : ''],
    ]),
  );
}

/** What a rule or a policy stopped stands first, then what something else stopped, then what went well. */
function rankOf(flow, bad) {
  if (!bad) return 2;
  return endingRule(flow.uses[0]) || flow.where.endsWith(' policy') ? 0 : 1;
}

/** The words of a sentence that hold no number: the same for all flows that ended for one reason. */
const plainWords = (text) =>
  text
    .split(' ')
    .filter((word) => !/\d/.test(word))
    .join(' ');

/** Why flows ended as they did: what went wrong first, then the commonest first. */
function reasons() {
  const groups = new Map();
  for (const flow of FLOWS) {
    const bad = flow.verdict !== 'forwarded' && flow.verdict !== 'delivered';
    const rank = rankOf(flow, bad);
    const words = rank === 1 ? plainWords(flow.why) : ''; // no rule tells these apart
    const key = JSON.stringify([flow.verdict, flow.where, words]);
    if (!groups.has(key)) groups.set(key, { verdict: flow.verdict, where: flow.where, words, count: 0, first: flow, rank });
    groups.get(key).count += 1;
  }
  return [...groups.values()].sort((one, other) => one.rank - other.rank || other.count - one.count);
}

/** Why the first flow of a reason ended so: the rule that ended it, or the sentence. */
function whyOf(flow) {
  const rule = endingRule(flow.uses[0]);
  if (rule) return [h('code', { class: 'rule-text' }, rule.text), h('a', { href: ruleLink(rule), class: 'origin' }, place(rule))];
  const policy = /^(.*) policy$/.exec(flow.where);
  return policy && flow.verdict === 'dropped' ? `no rule of ${policy[1]} let it through` : flow.why;
}

function reasonRow({ verdict, where, words, first, count }) {
  const link = count === 1 ? `#flow=${first.id}` : `#flows?${new URLSearchParams({ verdict, ...(where && { where }), ...(words && { q: words }) })}`;
  return h(
    'tr',
    {},
    h('td', {}, badge(verdict)),
    h('td', {}, h('strong', {}, where || '—')),
    h('td', {}, whyOf(first)),
    h('td', { class: 'number' }, h('a', { href: link }, count === 1 ? `flow ${first.id}` : plural(count, 'flow'))),
  );
}

/** Findings of one kind and reason, with the places where it was found. */
function findingItem([first, ...others]) {
  const where = (one) => (one.line ? `${one.file}:${one.line}` : one.file);
  const link = (one) =>
    ruleByPlace.has(where(one))
      ? h('a', { href: ruleLink(ruleByPlace.get(where(one))), class: 'origin' }, where(one))
      : h('span', { class: 'origin' }, where(one));
  const more = others.length
    ? h(
        'details',
        { class: 'alike' },
        h('summary', {}, `and ${number(others.length)} more like this`),
        h(
          'ul',
          {},
          others.slice(0, 500).map((one) => h('li', {}, link(one))),
        ),
      )
    : null;
  return h(
    'li',
    {},
    h('div', {}, h('span', { class: 'kind' }, KINDS[first.kind] || first.kind), ' ', link(first)),
    h('div', {}, first.why),
    first.text ? h('code', { class: 'rule-text' }, first.text) : null,
    more,
  );
}

/** Findings, alike ones together; the first few at once. */
function findingCard(title, list, none) {
  const groups = new Map();
  for (const finding of list) {
    const key = JSON.stringify([finding.kind, finding.why]);
    groups.set(key, [...(groups.get(key) || []), finding]);
  }
  const items = [...groups.values()].map(findingItem),
    few = 8;
  const rest = items.splice(few + 2 < items.length ? few : items.length);
  const shownList = h('ul', { class: 'findings' }, items);
  const more = h(
    'button',
    {
      type: 'button',
      class: 'quiet-button',
      onclick: () => {
        put(shownList, rest);
        more.remove();
      },
    },
    `Show ${plural(rest.length, 'more kind')}`,
  );
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, title, list.length ? h('span', { class: 'pill' }, number(list.length)) : null),
    list.length ? [shownList, rest.length ? more : null] : h('p', { class: 'dim' }, none),
  );
}

function evidenceCard() {
  const against = filtered({ evidence: 'contradicted' }).length;
  const sure = countBy(FLOWS, (flow) => flow.certainty);
  const rows = CERTAINTIES.filter((name) => sure.has(name)).map((name) =>
    h('li', {}, sureness(name), h('a', { href: `#flows?certainty=${name}` }, plural(sure.get(name), 'flow'))),
  );
  const contradicted = h(
    'p',
    { class: 'warn' },
    icon('warning'),
    h('span', {}, 'The capture contradicts the path of ', h('a', { href: '#flows?evidence=contradicted' }, plural(against, 'flow')), '.'),
  );
  const assumed = h('p', {}, h('a', { href: '#doubts' }, `What was assumed, and how to settle it (${doubtGroups().length})`));
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, 'How sure'),
    h('ul', { class: 'sure-list' }, rows),
    against ? contradicted : h('p', { class: 'dim' }, 'Nothing in the capture contradicts a path.'),
    doubtGroups().length ? assumed : null,
  );
}

function containersCard() {
  const counts = new Map();
  for (const flow of FLOWS) for (const name of containers(flow)) counts.set(name, (counts.get(name) || 0) + 1);
  const rows = R.host.containers.map((one) =>
    h(
      'tr',
      {},
      h('td', {}, h('strong', {}, one.name), one.state && one.state !== 'running' ? h('span', { class: 'dim' }, ` ${one.state}`) : null),
      h('td', { class: 'dim' }, one.image),
      h('td', {}, one.shares ? `shares ${one.shares}` : one.networks.join(', ') || one.mode),
      h('td', { class: 'mono' }, one.addresses.join(' ')),
      h('td', { class: 'mono' }, one.ports.join(', ')),
      h(
        'td',
        { class: 'number' },
        counts.get(one.name)
          ? h('a', { href: `#flows?${new URLSearchParams({ container: one.name })}` }, plural(counts.get(one.name), 'flow'))
          : h('span', { class: 'dim' }, '—'),
      ),
    ),
  );
  return rows.length
    ? h(
        'section',
        { class: 'card' },
        h('h2', {}, 'Containers'),
        plainTable(['Name', 'Image', 'Networks', 'Addresses', 'Published ports', 'Flows'], rows, 'Containers'),
      )
    : null;
}

function buildSummary() {
  const counts = countBy(FLOWS, (flow) => flow.verdict);
  const missing = R.findings.filter((finding) => finding.kind === 'missing'),
    other = R.findings.filter((finding) => finding.kind !== 'missing');
  put(
    view('summary'),
    hero(),
    FLOWS.length
      ? h(
          'div',
          { class: 'tiles' },
          h(
            'a',
            { class: 'tile all', href: '#flows' },
            h('span', { class: 'tile-head' }, 'Flows'),
            h('span', { class: 'tile-number' }, number(FLOWS.length)),
            h('span', { class: 'dim' }, 'all of them'),
          ),
          VERDICTS.filter((name) => counts.has(name)).map((name) => tile(name, counts.get(name))),
        )
      : h(
          'p',
          { class: 'card empty' },
          'The snapshot holds no capture, so there are no flows: name one with --pcap, or ask about one packet with packetpath trace.',
        ),
    FLOWS.length
      ? h(
          'section',
          { class: 'card' },
          h('h2', {}, 'What became of the flows, and why'),
          plainTable(['Verdict', 'Where', 'Why (of the first)', 'Flows'], reasons().map(reasonRow), 'What became of the flows', 'reasons'),
        )
      : null,
    h(
      'div',
      { class: 'columns' },
      h('div', {}, FLOWS.length ? evidenceCard() : null, findingCard('Findings', other, 'Nothing is wrong with what was read.')),
      findingCard('Gaps: not captured', missing, 'Nothing that matters is missing.'),
    ),
    containersCard(),
  );
}
