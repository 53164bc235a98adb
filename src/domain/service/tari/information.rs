//! What a notice of the waste tax says beside its amount (ARERA resolution 444/2019, annex A,
//! articles 5 to 8).

use serde::{Deserialize, Serialize};

use super::rows::Percent;
use super::{TariDetails, TariPremises, TariTerms};
use crate::domain::calendar::Day;
use crate::domain::document::{NoticeTopic, TopicEntry};
use crate::domain::money::Cents;

/// A matter on which a notice has sentences, which the town may write itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TariTopic {
    /// How the amount is made up.
    Amount,
    /// Where it is paid, and what that costs.
    Payment,
    /// What follows when it is paid late.
    LatePayment,
    /// How further instalments are asked for.
    Instalments,
    /// How a mistake is put right, and how to complain.
    Rectification,
    /// What the user has to declare.
    Declarations,
    /// Whom to ask.
    Contacts,
    /// How the service is done, and how well.
    Quality,
}

impl TariTopic {
    /// In the order they are read.
    const ALL: [TariTopic; 8] = [
        TariTopic::Amount,
        TariTopic::Payment,
        TariTopic::LatePayment,
        TariTopic::Instalments,
        TariTopic::Rectification,
        TariTopic::Declarations,
        TariTopic::Contacts,
        TariTopic::Quality,
    ];

    /// As the terms name it.
    pub(super) fn code(self) -> &'static str {
        self.texts().0
    }

    /// Code, title and the usual sentence. Figures are the town's to state: they change with the law
    /// and with its regulation.
    const fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            TariTopic::Amount => (
                "amount",
                "Come si calcola l’importo",
                "La quota fissa copre i costi generali del servizio e si misura sui metri quadrati; la \
                 quota variabile dipende dalle persone che abitano l’immobile o dall’attività che vi si \
                 svolge. Si aggiungono, se dovute, la TEFA che spetta alla Provincia e le componenti \
                 perequative, che il Comune incassa per la Cassa per i servizi energetici e ambientali.",
            ),
            TariTopic::Payment => (
                "payment",
                "Dove si paga",
                "L’avviso si paga online, in banca, alla posta e presso gli esercenti abilitati a \
                 pagoPA. Il prestatore scelto può chiedere una commissione e la mostra prima del \
                 pagamento.",
            ),
            TariTopic::LatePayment => (
                "late_payment",
                "Se si paga in ritardo",
                "Chi ha lasciato passare la scadenza può rimediare da solo con il ravvedimento operoso: \
                 paga il tributo con gli interessi legali e con una sanzione ridotta, che cresce con il \
                 ritardo. A chi non paga il Comune notifica un avviso di accertamento esecutivo, con la \
                 sanzione intera, gli interessi e le spese.",
            ),
            TariTopic::Instalments => (
                "instalments",
                "Come chiedere altre rate",
                "Prima della scadenza può chiedere di dividere l’importo in altre rate chi riceve il \
                 bonus sociale, chi si trova nelle difficoltà economiche previste dal regolamento e chi \
                 deve molto più di quanto ha pagato in media negli ultimi due anni.",
            ),
            TariTopic::Rectification => (
                "rectification",
                "Rettifiche e reclami",
                "Se un dato o l’importo non è giusto si può chiedere la rettifica, o presentare un \
                 reclamo scritto, indicando il codice utente e il codice utenza. L’ufficio risponde per \
                 iscritto e, se qualcosa non era dovuto, lo toglie dal prossimo avviso o lo rimborsa.",
            ),
            TariTopic::Declarations => (
                "declarations",
                "Che cosa va dichiarato",
                "L’inizio e la fine dell’occupazione e ogni variazione di superficie, occupanti, \
                 attività o compostaggio vanno dichiarati all’ufficio nei termini del regolamento.",
            ),
            TariTopic::Contacts => (
                "contacts",
                "A chi rivolgersi",
                "Informazioni, rettifiche e copie dell’avviso in formato elettronico si chiedono ai \
                 recapiti dell’ente creditore indicati in questo avviso.",
            ),
            TariTopic::Quality => (
                "quality",
                "Il servizio e la sua qualità",
                "Il calendario della raccolta, la percentuale di raccolta differenziata, la carta della \
                 qualità e i livelli raggiunti si leggono nella pagina sulla trasparenza dei rifiuti del \
                 sito del gestore.",
            ),
        }
    }

    /// Its sentences on a notice; `None` when the town leaves it out.
    fn on_notice(self, terms: &TariTerms) -> Option<NoticeTopic> {
        let (code, title, usual) = self.texts();
        let mut sentences = match terms.information.get(&self) {
            Some(own) => own.clone(),
            None => vec![usual.to_owned()],
        };
        if sentences.is_empty() {
            return None;
        }
        if let (TariTopic::Instalments, Some(cents)) = (self, terms.minimum_instalment_cents) {
            let least = Cents::new(cents).unwrap_or(Cents::ZERO).italian();
            sentences.push(format!("Nessuna rata può essere inferiore a {least} €."));
        }
        let entries = sentences.into_iter().map(TopicEntry::Sentence).collect();
        Some(topic(code, title, entries))
    }
}

/// Every topic, in the order it is read: who and what is taxed, by which tariff, then the sentences.
pub(super) fn topics(
    details: &TariDetails,
    premises: &[TariPremises],
    terms: &TariTerms,
) -> Vec<NoticeTopic> {
    let mut topics = Vec::with_capacity(12);
    let mut user = Vec::new();
    fact(
        &mut user,
        "user_code",
        "Codice utente",
        details.user_code.clone(),
    );
    if !user.is_empty() {
        topics.push(topic("user", "Utente", user));
    }
    for (i, one) in premises.iter().enumerate() {
        let title = match premises {
            [_] => "Utenza".to_owned(),
            _ => format!("Utenza {}", i.saturating_add(1)),
        };
        topics.push(topic(
            "premises",
            &title,
            facts_of(one, details.daily_days, terms),
        ));
    }
    topics.push(topic("tariff", "Tariffe applicate", tariff(terms)));
    if let Some(cents) = details.previous_unpaid_cents {
        let unpaid = Cents::new(cents).unwrap_or(Cents::ZERO);
        let says = if unpaid.is_positive() {
            let unpaid = unpaid.italian();
            format!(
                "Degli avvisi precedenti risultano ancora da pagare {unpaid} €, non compresi in questo importo."
            )
        } else {
            "I pagamenti degli avvisi precedenti risultano regolari.".to_owned()
        };
        let entries = vec![TopicEntry::Sentence(says)];
        topics.push(topic("previous_payments", "Pagamenti precedenti", entries));
    }
    let sentences = TariTopic::ALL.into_iter();
    topics.extend(sentences.filter_map(|topic| topic.on_notice(terms)));
    topics
}

fn topic(code: &'static str, title: &str, entries: Vec<TopicEntry>) -> NoticeTopic {
    NoticeTopic {
        code,
        title: title.to_owned(),
        entries,
    }
}

/// Adds a datum that is known.
fn fact(
    entries: &mut Vec<TopicEntry>,
    code: &'static str,
    label: &'static str,
    text: Option<String>,
) {
    if let Some(text) = text {
        let text = text.trim().to_owned();
        entries.push(TopicEntry::Fact { code, label, text });
    }
}

/// The data that the tax is computed on (article 5).
fn facts_of(
    premises: &TariPremises,
    daily_days: Option<i64>,
    terms: &TariTerms,
) -> Vec<TopicEntry> {
    let mut facts = Vec::with_capacity(12);
    let mut known = |code, label, text| fact(&mut facts, code, label, text);
    known(
        "premises_code",
        "Codice utenza",
        premises.premises_code.clone(),
    );
    known(
        "premises_address",
        "Indirizzo",
        premises.premises_address.clone(),
    );
    known(
        "cadastral_reference",
        "Dati catastali",
        premises.cadastral_reference.clone(),
    );
    match (&premises.category, premises.occupants) {
        (Some(code), _) => {
            let label = terms.category(code).map(|tariff| tariff.label.as_str());
            let text = format!(
                "non domestica, categoria {code} {}",
                label.unwrap_or_default()
            );
            known("use", "Uso", Some(text));
        }
        (None, occupants) => {
            let text = match premises.is_annex {
                true => "domestica, pertinenza",
                false => "domestica",
            };
            known("use", "Uso", Some(text.to_owned()));
            known("occupants", "Occupanti", occupants.map(|n| n.to_string()));
        }
    }
    known(
        "area",
        "Superficie",
        Some(format!("{} m²", premises.area_m2)),
    );
    let annex = premises.annex_area_m2.map(|area| format!("{area} m²"));
    known("annex_area", "Pertinenze", annex);
    match daily_days {
        Some(days) => known(
            "period",
            "Periodo",
            Some(format!("{days} giorni del {}", terms.year)),
        ),
        None => {
            let (from, to) = premises.period(terms);
            known(
                "period",
                "Periodo",
                Some(format!("dal {} al {}", italian(from), italian(to))),
            );
        }
    }
    facts.extend(changes(premises));
    facts.extend(granted(premises, terms));
    facts
}

/// What changed within the year.
fn changes(premises: &TariPremises) -> Vec<TopicEntry> {
    let mut facts = Vec::new();
    for change in &premises.changes {
        let mut what = vec![format!("dal {}", italian(change.from))];
        what.extend(change.occupants.map(|n| format!("occupanti {n}")));
        what.extend(
            change
                .category
                .as_ref()
                .map(|code| format!("categoria {code}")),
        );
        what.extend(change.area_m2.map(|area| format!("superficie {area} m²")));
        what.extend(
            change
                .annex_area_m2
                .map(|area| format!("pertinenze {area} m²")),
        );
        fact(&mut facts, "change", "Variazione", Some(what.join(", ")));
    }
    facts
}

/// The reductions, and what was measured.
fn granted(premises: &TariPremises, terms: &TariTerms) -> Vec<TopicEntry> {
    let mut facts = Vec::new();
    let mut known = |code, label, text| fact(&mut facts, code, label, text);
    for reduction in premises
        .reductions
        .iter()
        .filter_map(|code| terms.reduction(code))
    {
        known("reduction", "Riduzione", Some(reduction.label.clone()));
    }
    for period in &premises.reduction_periods {
        let Some(reduction) = terms.reduction(&period.reduction) else {
            continue;
        };
        let (label, from, to) = (&reduction.label, italian(period.from), italian(period.to));
        let text = format!("{label}, dal {from} al {to}");
        known("reduction", "Riduzione", Some(text));
    }
    if let (Some(bags), Some(punctual)) = (premises.bags, &terms.punctual) {
        known(
            "measured",
            "Conferimenti misurati",
            Some(format!("{bags} {}", punctual.label)),
        );
    }
    facts
}

/// The act that fixed the tariffs (article 6); the tariffs themselves stand in the rows.
fn tariff(terms: &TariTerms) -> Vec<TopicEntry> {
    let mut facts = Vec::with_capacity(3);
    fact(&mut facts, "year", "Anno", Some(terms.year.to_string()));
    fact(
        &mut facts,
        "resolution",
        "Approvate con",
        terms.resolution.clone(),
    );
    if terms.tefa_bp > 0 {
        let text = format!("{} del tributo", Percent(terms.tefa_bp));
        fact(&mut facts, "tefa", "TEFA", Some(text));
    }
    facts
}

fn italian(day: Day) -> impl std::fmt::Display {
    day.format("%d/%m/%Y")
}
