//! By what people look for money in the budget.

use std::cmp::Reverse;

use super::{AccountingKey, AccountingPlan, AccountingPlans, KeyShare};
use crate::domain::creditor::Validity;
use crate::domain::search::words;
use crate::domain::text::Text;

/// An identifier of the budget by which money is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BudgetName {
    /// *Capitolo*, alone or with its *articolo*.
    Chapter,
    /// *Accertamento* with its year.
    Claim,
}

names!(BudgetName, {
    BudgetName::Chapter => "chapter",
    BudgetName::Claim => "claim",
});

/// What people write before the numbers of the budget.
const TITLES: [&str; 8] = [
    "ACC",
    "ACCERTAMENTO",
    "ART",
    "ARTICOLO",
    "CAP",
    "CAPITOLO",
    "N",
    "NUM",
];

impl BudgetName {
    /// Whether somebody who typed this means the key: a chapter as `101` or `101/1`, a claim as `2026/145` or
    /// `145/2026`. Case, signs and titles (`cap. 101 art. 1`) do not matter.
    #[must_use]
    pub fn means(self, typed: &str, key: &AccountingKey) -> bool {
        let mut typed = words(typed);
        typed.retain(|word| !TITLES.contains(&word.as_str()));
        let read = |text: Option<&Text<20>>| words(text.map(Text::as_str).unwrap_or_default());
        match self {
            BudgetName::Chapter => {
                let chapter = read(key.chapter.as_ref());
                let whole = [chapter.clone(), read(key.article.as_ref())].concat();
                !chapter.is_empty() && (typed == chapter || typed == whole)
            }
            BudgetName::Claim => key.claim.as_ref().is_some_and(|claim| {
                let (year, number) = (vec![claim.year.to_string()], read(Some(&claim.number)));
                typed == [year.clone(), number.clone()].concat() || typed == [number, year].concat()
            }),
        }
    }
}

/// The positions of a service that were issued on some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The service.
    pub service_code: String,
    /// The days.
    pub on: Validity,
}

impl AccountingPlans {
    /// The positions whose plan has a key that is meant, those of the newest plans first.
    #[must_use]
    pub fn issued_under(&self, name: BudgetName, typed: &str) -> Vec<Issued> {
        let means = |share: &KeyShare| name.means(typed, &share.key);
        let meant = |plan: &&AccountingPlan| plan.shares.iter().any(means);
        let of_service = |(code, plans): (&String, &Vec<AccountingPlan>)| {
            let issued = plans.iter().filter(meant).map(|plan| Issued {
                service_code: code.clone(),
                on: plan.valid,
            });
            issued.collect::<Vec<Issued>>()
        };
        let mut found: Vec<Issued> = self.0.iter().flat_map(of_service).collect();
        found.sort_by_key(|issued| Reverse(issued.on.from));
        found
    }
}
