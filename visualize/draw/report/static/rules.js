// Every rule with its hits in this capture, the host's counters, its file and line, and the flows that it matched.
// A chain's table is made when it is opened: a host may have tens of thousands of rules.

const rulesView = { cards: [], hitOnly: false, text: '' };
const MANY = 300; // rules that are shown at once in a chain, and chains' rules that are open at the start
const RULE_TITLES = ['Rule', 'Text', 'Hits here', 'Flows', 'Host’s packets', 'Host’s bytes'];
const FAMILIES = { ip: 'IPv4', ip6: 'IPv6', inet: 'IPv4 and IPv6' };
const counter = (value) => (value === null || value === undefined ? '—' : number(value));

const flowsByRule = new Map();
for (const flow of FLOWS) for (const id of new Set(flow.uses.flatMap((use) => use.way.rules))) flowsByRule.set(id, (flowsByRule.get(id) || 0) + 1);

function ruleTableRow(rule) {
  const flows = flowsByRule.get(rule.id);
  const none = (text) => h('span', { class: 'dim' }, text);
  const link = h('a', { href: ruleLink(rule), 'aria-label': `Rule ${rule.number} of ${rule.chain.name}` }, rule.number);
  const cell = (label, kind, ...children) => h('td', { class: `number ${kind}`, data: { label } }, ...children);
  return h(
    'tr',
    { class: rule.hits ? 'hit' : 'unhit', data: { rule: place(rule) } },
    h('td', { class: 'number' }, link),
    h('td', { class: 'text' }, h('code', { class: 'rule-text' }, rule.text), h('div', { class: 'origin' }, place(rule))),
    cell('hits here', 'hits', rule.hits ? number(rule.hits) : none('0')),
    cell('in', 'in', flows ? h('a', { href: `#flows?${new URLSearchParams({ rule: place(rule) })}` }, plural(flows, 'flow')) : none('—')),
    cell('host packets', 'dim', counter(rule.packets)),
    cell('host bytes', 'dim', counter(rule.bytes)),
  );
}

/** What a chain's heading says of it. */
function chainFacts(chain) {
  const base = chain.policy && chain.policy !== '-';
  const host = chain.packets === null ? '' : `, ${number(chain.packets)} packets on the host`;
  return [
    plural(chain.rules.length, 'rule'),
    base && `policy: ${number(chain.hits)} hits here${host}`,
    chain.absent && 'not in the kernel: no hook runs',
    chain.native,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** A chain that opens: its table holds the rules that fit the search. */
class ChainCard {
  constructor(chain) {
    this.chain = chain;
    this.hits = chain.hits + chain.rules.reduce((sum, rule) => sum + rule.hits, 0);
    this.holder = h('div', {});
    const policy =
      chain.policy && chain.policy !== '-'
        ? h('span', { class: `did ${chain.policy === 'DROP' ? 'bad' : 'plain'}` }, `policy ${chain.policy}`)
        : null;
    const head = [h('span', { class: 'table-name' }, chain.table), h('span', { class: 'chain-name' }, chain.name), policy];
    this.node = h(
      'details',
      { class: 'card chain', ontoggle: () => this.draw() },
      h('summary', {}, head, h('span', { class: 'dim' }, chainFacts(chain))),
      this.holder,
    );
    this.rules = chain.rules;
    this.limit = MANY;
  }

  /** Keep the rules that fit; a chain of which none is left is hidden. `unfold`: it may be opened for a search. */
  narrow(words, hitOnly, unfold) {
    const fits = (rule) => (!hitOnly || rule.hits) && words.every((word) => `${rule.text} ${place(rule)}`.toLowerCase().includes(word));
    const narrowed = hitOnly || words.length > 0;
    this.rules = narrowed ? this.chain.rules.filter(fits) : this.chain.rules;
    this.node.hidden = narrowed && !this.rules.length && !(hitOnly && !words.length && this.hits);
    this.limit = MANY;
    this.drawn = null;
    if (words.length && this.rules.length) this.node.open = unfold;
    this.draw();
  }

  draw() {
    if (!this.node.open || this.drawn === this.limit) return;
    this.drawn = this.limit;
    this.holder.replaceChildren();
    if (!this.rules.length) return;
    const label = `Rules of ${this.chain.table} ${this.chain.name}`;
    put(this.holder, plainTable(RULE_TITLES, this.rules.slice(0, this.limit).map(ruleTableRow), label, 'rules'));
    if (this.rules.length > this.limit) {
      const more = () => {
        this.limit = Infinity;
        this.draw();
      };
      put(
        this.holder,
        h('button', { type: 'button', class: 'quiet-button more-rules', onclick: more }, `Show all ${plural(this.rules.length, 'rule')}`),
      );
    }
  }

  /** The row of a rule, made if it has to be. */
  row(rule) {
    this.node.open = true;
    if (this.rules.indexOf(rule) >= this.limit) this.limit = Infinity;
    this.draw();
    return [...this.holder.querySelectorAll('tr[data-rule]')].find((row) => row.dataset.rule === place(rule));
  }
}

/** The chains of each namespace, family and back-end together. */
function ruleSections() {
  const groups = new Map();
  for (const card of rulesView.cards) {
    const { netns, family, backend } = card.chain;
    const key = JSON.stringify([netns, family, backend]);
    if (!groups.has(key)) groups.set(key, { netns, told: ` ${FAMILIES[family] || family}${backend === 'unknown' ? '' : `, ${backend}`}`, cards: [] });
    groups.get(key).cards.push(card);
  }
  const titles = new Map(R.places.map((one) => [one.name, one.title]));
  return [...groups.values()].map(({ netns, told, cards }) =>
    h(
      'section',
      { class: 'ruleset' },
      h('h2', {}, capital(titles.get(netns) || netns), h('span', { class: 'dim' }, told)),
      cards.map((card) => card.node),
    ),
  );
}

function filterRules() {
  const words = rulesView.text.toLowerCase().split(/\s+/).filter(Boolean);
  let open = 0;
  for (const card of rulesView.cards) {
    card.narrow(words, rulesView.hitOnly, open < MANY);
    if (card.node.open) open += Math.min(MANY, card.rules.length);
  }
}

function ruleFilters() {
  const search = h('input', { type: 'search', id: 'f-rules', placeholder: 'words of a rule, or its file', autocomplete: 'off', spellcheck: 'false' });
  const hit = h('input', { type: 'checkbox', id: 'f-hit' });
  search.addEventListener('input', () => {
    rulesView.text = search.value;
    filterRules();
  });
  hit.addEventListener('change', () => {
    rulesView.hitOnly = hit.checked;
    filterRules();
  });
  return h(
    'form',
    { class: 'filters card', role: 'search', 'aria-label': 'Filter the rules', onsubmit: (event) => event.preventDefault() },
    h('div', { class: 'field f-q' }, h('label', { for: 'f-rules' }, 'Search'), search),
    h('div', { class: 'check' }, hit, h('label', { for: 'f-hit' }, 'Only rules that this capture hit')),
  );
}

function buildRules() {
  if (rulesView.built) return;
  rulesView.built = true;
  rulesView.cards = R.chains.map((chain) => new ChainCard(chain));
  let open = 0;
  for (const card of rulesView.cards) {
    open += Math.min(MANY, card.chain.rules.length);
    card.node.open = card.hits > 0 || open <= MANY;
    card.draw();
  }
  const kept = R.origin.where || R.origin.left_out ? ' (of the flows in this report only)' : '';
  const told = `${plural(RULES.length, 'rule')}, ${number(RULES.filter((rule) => rule.hits).length)} hit by this capture${kept}`;
  put(
    view('rules'),
    h('div', { class: 'view-head' }, h('h1', { id: 'h-rules' }, 'Rules'), h('p', { class: 'count' }, told)),
    ruleFilters(),
    R.chains.length ? ruleSections() : h('p', { class: 'card empty' }, 'No iptables rules were captured.'),
  );
}

/** Show one rule, marked; the way back is the browser's own. */
function showRule(wanted) {
  buildRules();
  for (const row of view('rules').querySelectorAll('tr.wanted')) row.classList.remove('wanted');
  const rule = ruleByPlace.get(wanted);
  if (!rule) {
    announce(`No rule stands at ${wanted}`);
    return;
  }
  const card = rulesView.cards.find((one) => one.chain === rule.chain);
  if (!card.rules.includes(rule)) {
    rulesView.hitOnly = find('#f-hit').checked = false;
    rulesView.text = find('#f-rules').value = '';
    filterRules();
  }
  const row = card.row(rule);
  row.classList.add('wanted');
  row.scrollIntoView({ block: 'center' });
  find('a', row).focus({ preventScroll: true });
  announce(`Rule at ${wanted}`);
}
