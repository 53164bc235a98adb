//! The same by the rules alone: every fact in memory, no sets, no queries.

use super::*;

/// What an officer says about an entry.
#[derive(Debug, Clone)]
enum Said {
    Flow(KnownFlow),
    Payment(String),
    Nothing,
}

/// What explains an entry.
#[derive(Debug, Clone, PartialEq)]
enum Pays {
    Flow(KnownFlow, Quality),
    Payment(String),
    /// One of these flows, or nothing that is known.
    Unknown(Vec<KnownFlow>),
    Nothing,
}

pub(super) struct Oracle<'a> {
    facts: &'a Facts,
    known: Vec<KnownFlow>,
    sums: BTreeMap<KnownFlow, Cents>,
    paid: Vec<Paid>,
    /// What officers say, by key of the entry.
    said: BTreeMap<String, Said>,
    /// Flows that decisions and texts bind together.
    bonds: Vec<BTreeSet<KnownFlow>>,
    /// What explains each entry, and the entry as the rules see it, by key.
    cash: BTreeMap<String, (Pays, Credit)>,
}

fn known(flow_id: &str) -> KnownFlow {
    KnownFlow {
        key: flow_key(flow_id),
        psp_id: "PSPX".into(),
    }
}

impl<'a> Oracle<'a> {
    pub(super) fn new(facts: &'a Facts, decided: &[Decided]) -> Oracle<'a> {
        let mut made = Oracle {
            facts,
            known: facts.flows.iter().map(|(id, _, _)| known(id)).collect(),
            sums: facts
                .flows
                .iter()
                .filter(|(id, revision, _)| live(facts, id, *revision))
                .map(|(id, _, lines)| (known(id), totals(lines).unwrap().sum))
                .collect(),
            paid: facts.receipts.iter().flat_map(parts).collect(),
            said: BTreeMap::new(),
            bonds: Vec::new(),
            cash: BTreeMap::new(),
        };
        for one in decided {
            made.decide(&one.act);
        }
        let texts: Vec<BTreeSet<KnownFlow>> =
            made.in_scope().filter_map(|m| made.bound_by(m)).collect();
        made.bonds.extend(texts);
        let seen = |m: &Movement| (m.key(), (made.pays(m), made.credit(m)));
        made.cash = facts.cash.iter().map(seen).collect();
        made
    }

    fn decide(&mut self, act: &Act) {
        let facts = self.facts;
        let key = |at: &usize| facts.cash[*at].key();
        match act {
            Act::Match(entries, flows) => {
                let flows: BTreeSet<KnownFlow> =
                    flows.iter().map(|at| known(&facts.flows[*at].0)).collect();
                let first = flows.first().unwrap().clone();
                self.said.extend(
                    entries
                        .iter()
                        .map(|at| (key(at), Said::Flow(first.clone()))),
                );
                self.bonds.push(flows);
            }
            Act::MatchReceipt(entries, receipt) => {
                let iuv = facts.receipts[*receipt].iuv.as_str();
                self.said.extend(
                    entries
                        .iter()
                        .map(|at| (key(at), Said::Payment(iuv.to_owned()))),
                );
            }
            Act::Unmatch(entry) => {
                self.said.insert(key(entry), Said::Nothing);
            }
            Act::Force(_) | Act::Reopen(_) | Act::Tolerance(_) | Act::Close(_) | Act::Wait(_) => {}
        }
    }

    fn in_scope(&self) -> impl Iterator<Item = &'a Movement> {
        self.facts.cash.iter().filter(|m| m.in_scope())
    }

    /// What an entry takes back: the first of its provisional number that takes nothing back.
    fn leader(&self, movement: &Movement) -> Option<&'a Movement> {
        let same = self
            .in_scope()
            .filter(|m| m.provisional == movement.provisional && !m.follows());
        movement
            .follows()
            .then(|| same.min_by_key(|m| m.key()))
            .flatten()
    }

    fn said(&self, movement: &Movement) -> Option<&Said> {
        let leader = || {
            self.leader(movement)
                .and_then(|leader| self.said.get(&leader.key()))
        };
        self.said.get(&movement.key()).or_else(leader)
    }

    fn reference(&self, movement: &Movement) -> Reference {
        match parse(&movement.text) {
            Reference::None if movement.in_scope() && movement.follows() => {
                let same = self
                    .in_scope()
                    .filter(|m| m.provisional == movement.provisional);
                let named = same.filter(|m| parse(&m.text) != Reference::None);
                let first = named.min_by_key(|m| m.key());
                first.map_or(Reference::None, |m| parse(&m.text))
            }
            own @ (Reference::Flow(_) | Reference::Single(_) | Reference::None) => own,
        }
    }

    fn chosen(&self, movement: &Movement) -> Option<Chosen> {
        match self.reference(movement) {
            Reference::Flow(reference) => Some(
                reference
                    .choose(&self.known)
                    .by_amount(movement.amount, &self.sums),
            ),
            Reference::Single(_) | Reference::None => None,
        }
    }

    /// The flows that the text of an entry binds together.
    fn bound_by(&self, movement: &Movement) -> Option<BTreeSet<KnownFlow>> {
        match (self.said(movement), self.chosen(movement)) {
            (None, Some(Chosen::Together(flows) | Chosen::Summed(flows))) => {
                Some(flows.into_iter().collect())
            }
            _ => None,
        }
    }

    fn pays(&self, movement: &Movement) -> Pays {
        match (self.said(movement), self.reference(movement)) {
            (Some(Said::Flow(flow)), _) => Pays::Flow(flow.clone(), Quality::Hand),
            (Some(Said::Payment(iuv)), _) => self.of_payment(iuv, Quality::Hand),
            (Some(Said::Nothing), Reference::None) => Pays::Nothing,
            (Some(Said::Nothing), Reference::Single(_)) => Pays::Unknown(Vec::new()),
            (None, Reference::Single(iuv)) => self.of_payment(&iuv, Quality::Whole),
            (None, Reference::None) => Pays::Nothing,
            (said, Reference::Flow(_)) => match (said, self.chosen(movement).unwrap()) {
                (_, Chosen::Ambiguous(several)) => Pays::Unknown(several),
                (Some(_), _) | (_, Chosen::Nothing) => Pays::Unknown(Vec::new()),
                (_, Chosen::Exact(flow)) => Pays::Flow(flow, Quality::Whole),
                (_, Chosen::Truncated(flow)) => Pays::Flow(flow, Quality::Beginning),
                (_, Chosen::Together(flows)) => Pays::Flow(flows[0].clone(), Quality::Whole),
                (_, Chosen::Summed(flows)) => Pays::Flow(flows[0].clone(), Quality::Beginning),
            },
        }
    }

    fn of_payment(&self, iuv: &str, quality: Quality) -> Pays {
        let rows = self.facts.flows.iter().filter(|(id, revision, lines)| {
            let names = |line: &Line| line.iuv == iuv && line.outcome != Outcome::Revoked;
            live(self.facts, id, *revision) && lines.iter().any(names)
        });
        let flows = rows.map(|(id, _, _)| known(id)).collect();
        let receipt = self
            .paid
            .iter()
            .find(|paid| paid.in_scope && paid.iuv == iuv);
        match cash_of_payment(flows, receipt.map(|paid| paid.receipt_id.as_str())) {
            PaymentCash::Flow(flow) => Pays::Flow(flow, quality),
            PaymentCash::Receipt => Pays::Payment(iuv.to_owned()),
            PaymentCash::Ambiguous(several) => Pays::Unknown(several),
            PaymentCash::Nothing => Pays::Unknown(Vec::new()),
        }
    }

    fn credit(&self, movement: &Movement) -> Credit {
        let said = match self.said(movement) {
            Some(Said::Payment(iuv)) => Some(iuv.clone()),
            Some(Said::Flow(_) | Said::Nothing) | None => None,
        };
        let named = match self.reference(movement) {
            Reference::Single(iuv) => Some(iuv),
            Reference::Flow(_) | Reference::None => None,
        };
        let match_quality = match self.pays(movement) {
            Pays::Flow(_, quality) if movement.in_scope() => quality,
            Pays::Flow(..) | Pays::Payment(_) | Pays::Unknown(_) | Pays::Nothing => Quality::Whole,
        };
        Credit {
            key: movement.key(),
            effect: movement.effect(),
            booked_on: movement.booked_on,
            iuv: said.or(named),
            match_quality,
        }
    }

    fn found(&self, movement: &Movement) -> &(Pays, Credit) {
        &self.cash[&movement.key()]
    }

    /// The flows that hang together with one.
    fn component(&self, of: &KnownFlow) -> BTreeSet<KnownFlow> {
        let mut found = BTreeSet::from([of.clone()]);
        loop {
            let reached = self.bonds.iter().filter(|bond| !bond.is_disjoint(&found));
            let more: BTreeSet<KnownFlow> = reached.flatten().chain(&found).cloned().collect();
            if more == found {
                return found;
            }
            found = more;
        }
    }

    fn flow(&self, (flow_id, revision, lines): &Revision, tolerance: Cents) -> Flow {
        let own = known(flow_id);
        let component = self.component(&own);
        let live = live(self.facts, flow_id, *revision);
        let ours = |m: &&Movement| match self.found(m).0 {
            Pays::Flow(ref flow, _) => live && component.contains(flow),
            Pays::Payment(_) | Pays::Unknown(_) | Pays::Nothing => false,
        };
        let mut credits: Vec<Credit> = self
            .in_scope()
            .filter(ours)
            .map(|m| self.found(m).1.clone())
            .collect();
        credits.sort_by(|a, b| a.key.cmp(&b.key));
        let others = component.iter().filter(|flow| **flow != own && live);
        let companion = |flow: &KnownFlow| Companion {
            name: self.written(flow),
            sum: self.sums[flow],
            regulation_on: "2026-03-03".parse().unwrap(),
        };
        let revisions = self.facts.flows.iter().filter(|(id, _, _)| id == flow_id);
        Flow {
            name: format!("PSPX/{flow_id}"),
            revision: *revision,
            live,
            previous: revisions.map(|(_, n, _)| *n).filter(|n| n < revision).max(),
            regulation_on: "2026-03-03".parse().unwrap(),
            sum: totals(lines).unwrap().sum,
            header_mismatch: false,
            wrong_body: false,
            credits,
            companions: others.map(companion).collect(),
            tolerance,
        }
    }

    fn written(&self, flow: &KnownFlow) -> String {
        let of = self
            .facts
            .flows
            .iter()
            .find(|(id, _, _)| known(id) == *flow);
        format!("PSPX/{}", of.unwrap().0)
    }

    /// What everything is on a day, with a tolerance.
    pub(super) fn judge(
        &self,
        positions: [&Position; 2],
        (today, tolerance): (Day, Cents),
    ) -> Vec<Finding> {
        let flows: Vec<Flow> = self
            .facts
            .flows
            .iter()
            .map(|one| self.flow(one, tolerance))
            .collect();
        let cases = self.cases(positions, &flows, (today, tolerance));
        let mut found: Vec<Finding> = cases.values().flat_map(rules::classify).collect();
        for movement in &self.facts.cash {
            let (pays, credit) = self.found(movement);
            let of = |flow: &&Flow| match pays {
                Pays::Flow(named, _) => {
                    flow.live && known(flow.name.trim_start_matches("PSPX/")) == *named
                }
                Pays::Payment(_) | Pays::Unknown(_) | Pays::Nothing => false,
            };
            let names = |flow: &KnownFlow| format!("{}/{}", flow.psp_id, flow.key);
            let target = match (pays, flows.iter().find(of)) {
                _ if !movement.in_scope() => CreditTarget::OutOfScope,
                (_, Some(flow)) => CreditTarget::Flow(flow),
                (Pays::Payment(iuv), None) => self.single(iuv, tolerance),
                (Pays::Unknown(several), None) => {
                    CreditTarget::Unknown(several.iter().map(names).collect())
                }
                (Pays::Nothing, None) => CreditTarget::NoReference,
                (Pays::Flow(flow, _), None) => panic!("{flow:?} is not in force"),
            };
            found.push(classify_credit(credit, &target, today));
        }
        found
    }

    fn cases<'f>(
        &self,
        positions: [&Position; 2],
        flows: &'f [Flow],
        (today, tolerance): (Day, Cents),
    ) -> BTreeMap<String, Case<'f>> {
        let mut cases: BTreeMap<String, Case<'f>> = BTreeMap::new();
        let mut debts: BTreeMap<String, String> = BTreeMap::new();
        for position in positions {
            for notice in &position.notices {
                let iuv = notice.number.iuv().as_str().to_owned();
                debts.insert(iuv.clone(), position.id.to_string());
                cases
                    .entry(position.id.to_string())
                    .or_default()
                    .notices
                    .push(Notice {
                        number: notice.number.to_string(),
                        iuv,
                        option: i16::try_from(notice.option).unwrap(),
                        withdrawn: false,
                    });
            }
        }
        let debt = |iuv: &str| debts.get(iuv).cloned().unwrap_or_else(|| iuv.to_owned());
        for paid in &self.paid {
            cases
                .entry(debt(&paid.iuv))
                .or_default()
                .paid
                .push(paid.clone());
        }
        for ((_, _, lines), flow) in self.facts.flows.iter().zip(flows) {
            for line in lines {
                cases
                    .entry(debt(&line.iuv))
                    .or_default()
                    .reported
                    .push(Reported {
                        key: format!("{}/{}/{}", flow.name, flow.revision, line.number),
                        flow,
                        iuv: line.iuv.clone(),
                        iur: line.iur.clone(),
                        transfer: line.transfer,
                        amount: line.amount,
                        effect: line.effect(),
                        outcome: line.outcome,
                        paid_on: line.paid_on,
                        own_iuv: true,
                    });
            }
        }
        for movement in self.in_scope() {
            if let (Pays::Payment(iuv), credit) = self.found(movement) {
                cases
                    .entry(debt(iuv))
                    .or_default()
                    .singles
                    .push(credit.clone());
            }
        }
        for case in cases.values_mut() {
            (case.today, case.tolerance) = (today, tolerance);
        }
        cases
    }

    fn single<'f>(&self, iuv: &str, tolerance: Cents) -> CreditTarget<'f> {
        let ours = || self.paid.iter().filter(|paid| paid.iuv == iuv);
        let totals: BTreeMap<&str, Cents> =
            ours().map(|p| (p.receipt_id.as_str(), p.total)).collect();
        let same = |m: &&Movement| self.found(m).0 == Pays::Payment(iuv.to_owned());
        let effects = self.in_scope().filter(same).map(Movement::effect);
        CreditTarget::Single {
            receipts: ours().map(Paid::key).collect(),
            total: Cents::sum(totals.into_values()).unwrap(),
            cash: Cents::sum(effects).unwrap(),
            tolerance,
        }
    }
}

fn live(facts: &Facts, flow_id: &str, revision: i64) -> bool {
    let mut others = facts.flows.iter().filter(|(id, _, _)| id == flow_id);
    others.all(|(_, other, _)| *other <= revision)
}

fn parts(receipt: &Receipt) -> Vec<Paid> {
    let part = |transfer: &ReceiptTransfer| Paid {
        receipt_id: receipt.receipt_id.clone(),
        iuv: receipt.iuv.as_str().to_owned(),
        transfer: i16::from(transfer.index),
        amount: transfer.amount,
        total: receipt.amount,
        own_notice: true,
        issuer: town().to_string(),
        in_scope: transfer.beneficiary == town(),
        paid_on: receipt.application_on.unwrap(),
        stand_in: receipt.stand_in,
        remarks: unkeyed(receipt, transfer),
    };
    receipt.transfers.iter().map(part).collect()
}

/// Only the notices of the positions have an accounting key.
fn unkeyed(receipt: &Receipt, transfer: &ReceiptTransfer) -> BTreeSet<Flag> {
    let known = receipt.iuv.as_str() < "01000000000100000";
    let unkeyed = !known && transfer.beneficiary == town();
    unkeyed
        .then_some(Flag::AccountingIncomplete)
        .into_iter()
        .collect()
}
