// The picture of a way: namespaces as frames, hops as cards on a spine, the header tuple written where it changes.

// -- hops -------------------------------------------------------------------------------------------------------------

function ruleRow(step, use) {
  const rule = step.rule === null ? null : RULES[step.rule];
  const strong = ['ACCEPT', 'DROP', 'REJECT', 'QUEUE', 'STOLEN'].includes(step.verdict);
  const tone = step.verdict === 'DROP' || step.verdict === 'REJECT' ? 'bad' : strong ? 'good' : 'plain';
  return h(
    'li',
    { class: `line rule-line${step.quiet ? ' quiet' : ''}${step.doubt ? ' doubtful' : ''}` },
    h(
      'div',
      { class: 'line-head' },
      h('span', { class: 'table-name' }, step.table),
      step.via.map((chain) => h('span', { class: 'via' }, chain)),
      ruleAnchor(step, `${step.chain} rule ${step.number}`),
      h('span', { class: `did ${tone}` }, step.did),
    ),
    rule ? h('code', { class: 'rule-text' }, rule.text) : null,
    rule ? h('div', { class: 'origin' }, place(rule)) : null,
    step.doubt ? h('div', { class: 'doubt-line' }, icon('unknown'), fill(step.doubt, use.values)) : null,
  );
}

function hookRow(step, use) {
  if (step.step === 'rule') return ruleRow(step, use);
  if (step.step === 'policy')
    return h(
      'li',
      { class: `line policy-line${step.quiet ? ' quiet' : ''}` },
      h(
        'div',
        { class: 'line-head' },
        h('span', { class: 'table-name' }, step.table),
        h('span', {}, `${step.chain} policy`),
        h('span', { class: `did ${step.verdict === 'DROP' ? 'bad' : 'plain'}` }, step.verdict),
      ),
    );
  const why = fill(step.why, use.values);
  return h(
    'li',
    { class: 'line track-line' },
    h(
      'div',
      { class: 'line-head' },
      h('span', { class: 'table-name' }, 'conntrack'),
      h('span', { class: 'did plain', title: STATES[step.state] || '' }, step.state),
      h('span', { class: 'dim' }, step.role === 'reply' ? 'reply direction' : why || STATES[step.state] || ''),
    ),
  );
}

/** The doubts of a way about a rule of this hook, matched or not. */
function doubtsAt(steps, use) {
  const chains = new Set(steps.filter((step) => step.chain).map((step) => `${step.table} ${step.chain} `));
  const told = new Set(
    steps
      .map((step) => step.doubt)
      .filter(Boolean)
      .map((doubt) => fill(doubt, use.values)),
  );
  return use.way.doubts.filter(
    (doubt) => [...chains].some((chain) => fill(doubt.at, use.values).startsWith(chain)) && !told.has(fill(doubt.why, use.values)),
  );
}

/** A button that shows the rules which decided nothing. */
function unfolding(card, count) {
  const label = `${count} more that decided nothing`;
  const button = h('button', { type: 'button', class: 'unfold', 'aria-expanded': 'false' }, label);
  button.addEventListener('click', () => {
    const open = card.classList.toggle('open');
    button.setAttribute('aria-expanded', String(open));
    button.textContent = open ? 'Fold' : label;
  });
  return button;
}

function hookCard(hook, steps, use) {
  const quiet = steps.filter((step) => step.quiet).length,
    doubts = doubtsAt(steps, use);
  const card = h('div', { class: 'hop hook' });
  card.classList.toggle('doubtful', doubts.length > 0 || steps.some((step) => step.doubt));
  card.classList.toggle('uneventful', quiet === steps.length);
  card.classList.toggle(
    'decisive',
    steps.some((step) => step.verdict === 'DROP' || step.verdict === 'REJECT'),
  );
  put(
    card,
    h('div', { class: 'hop-head' }, h('span', { class: 'hop-title' }, hook), h('span', { class: 'dim' }, HOOKS[hook] || '')),
    h(
      'ul',
      { class: 'lines' },
      steps.map((step) => hookRow(step, use)),
    ),
  );
  for (const doubt of doubts)
    put(
      card,
      h(
        'div',
        { class: 'doubt-line' },
        icon('unknown'),
        h('span', {}, `${fill(doubt.at, use.values)}: ${fill(doubt.why, use.values)}; assumed: ${fill(doubt.assumed, use.values)}`),
      ),
    );
  return quiet ? put(card, unfolding(card, quiet)) : card;
}

/** What was rewritten, before and after. */
function rewriteCard(step, use) {
  const told = changes(step, use).map(([word, before, after]) => {
    const becomes = h('span', { class: 'arrow', 'aria-label': 'becomes' }, ' → ');
    return h('div', {}, h('dt', {}, word), h('dd', {}, h('del', {}, before), becomes, h('ins', {}, after)));
  });
  const why = step.why ? fill(step.why, use.values) : 'only in the packet that it quotes';
  const head = h(
    'div',
    { class: 'hop-head' },
    h('span', { class: 'hop-title' }, step.quiet ? 'TTL' : step.kind),
    h('span', { class: 'dim' }, step.quiet ? 'one hop further' : WHOSE[step.by] || step.by),
  );
  return h(
    'div',
    { class: `hop rewrite${step.quiet ? ' minor' : ''}` },
    head,
    told.length ? h('dl', { class: 'changes' }, told) : h('p', { class: 'dim' }, why),
  );
}

function otherCard(step, use) {
  const why = step.why ? fill(step.why, use.values) : '';
  const title = (kind, word, ...rest) =>
    h('div', { class: `hop ${kind}` }, h('div', { class: 'hop-head' }, h('span', { class: 'hop-title' }, word), ...rest));
  switch (step.step) {
    case 'received':
      return step.local
        ? title('interface', step.kernel ? 'The kernel sends it' : 'A process here sends it')
        : title('interface', step.interface, h('span', { class: 'dim' }, 'comes in'), evidence(step, use));
    case 'crossed':
      return title('interface', step.interface, h('span', { class: 'dim' }, `comes in, by the veth pair from ${step.from}`), evidence(step, use));
    case 'sent':
      return title('interface', step.interface, h('span', { class: 'dim' }, 'goes out'), evidence(step, use));
    case 'bridge':
      return title(
        'bridge',
        `Bridge ${step.bridge}`,
        h('span', { class: 'dim' }, step.port ? `to port ${step.port}` : 'up to the host'),
        why ? h('span', { class: 'dim why' }, why) : null,
      );
    case 'route': {
      const card = title('route', 'Route', h('span', { class: 'dim' }, routeOut(step).replace(/^: /, '') || 'no way out'));
      card.append(
        h('code', { class: 'rule-text' }, fill(step.route, use.values) || 'no route'),
        h('div', { class: 'origin' }, [step.table && `table ${step.table}`, step.rule && `by rule ${step.rule}`, why].filter(Boolean).join(' · ')),
      );
      return card;
    }
    case 'begot':
      return title('bridge', 'Copy', h('span', { class: 'dim' }, why));
    default:
      return endCard(step, use, why);
  }
}

function endCard(step, use, why) {
  const rule = endingRule(use);
  const told = rule
    ? [h('code', { class: 'rule-text' }, rule.text), h('div', { class: 'origin' }, h('a', { href: ruleLink(rule) }, place(rule)))]
    : null;
  const answer = (born) =>
    h('div', { class: 'born' }, h('strong', {}, 'The kernel answers: '), `${born.kind} ${form(use, born.form).text}; ${fill(born.why, use.values)}`);
  const head = h('div', { class: 'hop-head' }, icon(step.verdict), h('span', { class: 'hop-title' }, capital(step.verdict)));
  return h('div', { class: `hop end ${step.verdict}` }, head, h('p', {}, why), told, use.way.born.map(answer));
}

// -- lanes ------------------------------------------------------------------------------------------------------------

/** Steps in a row in one namespace, and those of one hook together. */
function grouped(steps) {
  const stays = [];
  for (const step of steps) {
    let stay = stays[stays.length - 1];
    if (!stay || stay.place !== step.place) stays.push((stay = { place: step.place, hops: [] }));
    const hop = stay.hops[stay.hops.length - 1];
    if (HOOKED.has(step.step) && hop && hop.hook === step.hook) hop.steps.push(step);
    else stay.hops.push({ hook: HOOKED.has(step.step) ? step.hook : null, steps: [step] });
  }
  return stays;
}

const tupleLabel = (use, index) => h('div', { class: 'wire' }, h('span', { class: 'wire-label' }, form(use, index).text));

/** One way as a column. */
function lane(use) {
  let shown = -1;
  const [start] = use.way.steps;
  const sender = start.sender
    ? h(
        'section',
        { class: 'stay', 'aria-label': R.places[start.sender.place].title },
        h('h4', { class: 'stay-title' }, capital(R.places[start.sender.place].title)),
        h(
          'div',
          { class: 'hop interface' },
          h('div', { class: 'hop-head' }, h('span', { class: 'hop-title' }, `Sent by its ${start.sender.interface}`)),
        ),
      )
    : null;
  const stays = grouped(use.way.steps).map((stay, index) => {
    const nodes = stay.hops.map((hop) => {
      const [step] = hop.steps,
        nodes = [];
      const last = shown < 0 ? null : form(use, shown).text;
      if (step.step !== 'rewrite' && step.step !== 'end' && last !== form(use, step.form).text) {
        nodes.push(tupleLabel(use, step.form));
        shown = step.form;
      }
      nodes.push(hop.hook ? hookCard(hop.hook, hop.steps, use) : step.step === 'rewrite' ? rewriteCard(step, use) : otherCard(step, use));
      return nodes;
    });
    return h(
      'section',
      { class: 'stay', 'aria-label': R.places[stay.place].title },
      h('h4', { class: 'stay-title' }, capital(R.places[stay.place].title)),
      index === 0 || nodes.length ? nodes : null,
    );
  });
  return h('div', { class: 'lane-body' }, sender, stays);
}

const wayLabel = (use) =>
  `${plural(use.count, 'packet')}: ${use.way.state || 'not tracked'}${use.way.verdict === 'forwarded' || use.way.verdict === 'delivered' ? '' : `, ${use.way.verdict}`}`;

/** A direction of a flow: its first way, and the others to choose. */
function direction(title, uses) {
  const body = h('div', {}, lane(uses[0]));
  const choose =
    uses.length < 2
      ? h('p', { class: 'dim lane-note' }, wayLabel(uses[0]))
      : h(
          'div',
          { class: 'ways', role: 'group', 'aria-label': `Ways of the ${title}` },
          uses.map((use, index) =>
            h(
              'button',
              {
                type: 'button',
                'aria-pressed': String(index === 0),
                onclick: (event) => {
                  for (const button of event.currentTarget.parentNode.children)
                    button.setAttribute('aria-pressed', String(button === event.currentTarget));
                  body.replaceChildren(lane(use));
                },
              },
              wayLabel(use),
            ),
          ),
        );
  return h('div', { class: 'lane' }, h('h3', {}, title), choose, body);
}

/** A flow's picture: the original direction, and the reply beside it. */
function drawing(flow) {
  const of = (role) => flow.uses.filter((use) => use.role === role);
  const original = of('original'),
    reply = of('reply');
  return h(
    'div',
    { class: `drawing${reply.length ? ' two' : ''}` },
    original.length ? direction('Original direction', original) : null,
    reply.length ? direction('Reply', reply) : null,
  );
}
