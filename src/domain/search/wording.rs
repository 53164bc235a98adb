//! Words of what is charged for: how they are read, which of them are looked up, which only have to fit.

use std::collections::BTreeSet;

/// Fewest letters of a word, and digits of a number, that are looked up.
const LETTERS_MIN: usize = 3;
const DIGITS_MIN: usize = 4;
/// Most words of one question; further ones are left out.
const WORDS_MAX: usize = 12;
/// Words that say nothing by themselves, without accents.
const EMPTY: [&str; 32] = [
    "AGLI", "ALL", "ALLA", "ALLE", "ALLO", "CHE", "COL", "CON", "DAI", "DAL", "DALL", "DALLA",
    "DEGLI", "DEI", "DEL", "DELL", "DELLA", "DELLE", "DELLO", "GLI", "NEI", "NEL", "NELL", "NELLA",
    "NON", "PER", "SUL", "SULL", "SULLA", "TRA", "UNA", "UNO",
];

/// A capital without its accent, as far as Latin letters go.
fn bare(capital: char) -> char {
    match capital {
        'À'..='Å' | 'Ā' | 'Ă' | 'Ą' => 'A',
        'Ç' | 'Ć' | 'Ĉ' | 'Ċ' | 'Č' => 'C',
        'Ď' | 'Đ' => 'D',
        'È'..='Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => 'E',
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => 'G',
        'Ì'..='Ï' | 'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' => 'I',
        'Ñ' | 'Ń' | 'Ņ' | 'Ň' => 'N',
        'Ò'..='Ö' | 'Ø' | 'Ō' | 'Ŏ' | 'Ő' => 'O',
        'Ŕ' | 'Ŗ' | 'Ř' => 'R',
        'Ś' | 'Ŝ' | 'Ş' | 'Š' | 'Ș' => 'S',
        'Ţ' | 'Ť' | 'Ț' => 'T',
        'Ù'..='Ü' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' => 'U',
        'Ý' | 'Ŷ' | 'Ÿ' => 'Y',
        'Ź' | 'Ż' | 'Ž' => 'Z',
        other => other,
    }
}

/// The words of a text in their order: in capital letters, without accents, cut at whatever is neither letter
/// nor digit.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    // An accent may stand by itself after its letter: it must not cut the word.
    let upper = text.chars().flat_map(char::to_uppercase);
    let folded: String = upper
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .map(bare)
        .collect();
    let cut = folded.split(|c: char| !c.is_alphanumeric());
    cut.filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a word says something by itself.
fn is_telling(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    letters >= LETTERS_MIN && !EMPTY.contains(&word)
}

/// Whether a word is a number that few descriptions have: a year is none.
fn is_rare_number(word: &str) -> bool {
    let is_year = word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    digits && word.len() >= DIGITS_MIN && !is_year
}

/// The words of a description that are kept to be looked up: of three letters, and none that says nothing; and
/// numbers that are no year.
#[must_use]
pub fn kept_words(description: &str) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = words(description).into_iter().collect();
    found.retain(|word| is_telling(word) || is_rare_number(word));
    found
}

/// Words that somebody typed: each is the beginning of a word that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// Those that may be looked up, one at least.
    pub useful: Vec<String>,
    /// Years and short numbers, that only have to fit.
    others: Vec<String>,
}

impl Wording {
    /// Reads what was typed; `None` when no word of it has letters enough: numbers alone are identifiers.
    #[must_use]
    pub fn read(text: &str) -> Option<Wording> {
        let typed: BTreeSet<String> = words(text).into_iter().collect();
        let is_wording = typed.iter().any(|word| is_telling(word));
        let (useful, rest): (Vec<String>, Vec<String>) = typed
            .into_iter()
            .partition(|word| is_telling(word) || is_rare_number(word));
        let is_number = |word: &String| word.chars().any(|c| c.is_ascii_digit());
        let numbers = rest.into_iter().filter(is_number);
        is_wording.then(|| Wording {
            useful: useful.into_iter().take(WORDS_MAX).collect(),
            others: numbers.take(WORDS_MAX).collect(),
        })
    }

    /// Whether every word begins a word of the description.
    #[must_use]
    pub fn fits(&self, description: &str) -> bool {
        let held = words(description);
        let begins = |typed: &String| held.iter().any(|word| word.starts_with(typed.as_str()));
        self.useful.iter().chain(&self.others).all(begins)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_read_without_case_accents_and_signs() {
        let text = "Dell'Unità d’Italia: perche\u{301} TARI-2026 (n. 12/A-0345), Straße";
        let expected = [
            "DELL", "UNITA", "D", "ITALIA", "PERCHE", "TARI", "2026", "N", "12", "A", "0345",
            "STRASSE",
        ];
        assert_eq!(words(text), expected);
        let kept = ["0345", "ITALIA", "PERCHE", "STRASSE", "TARI", "UNITA"].map(str::to_owned);
        assert_eq!(kept_words(text), BTreeSet::from(kept));
    }

    #[test]
    fn words_that_say_nothing_are_in_order() {
        assert!(EMPTY.is_sorted());
        assert!(EMPTY.iter().all(|word| words(word) == [*word]));
    }

    #[test]
    fn every_word_that_was_typed_begins_a_word_of_the_description() {
        let fits = |typed: &str, description: &str| Wording::read(typed).unwrap().fits(description);
        let lamps = "Lampade votive 2026, rata 2 di 3";
        assert!(fits("lampade", lamps));
        assert!(fits("LAMP vot", lamps));
        assert!(fits("votive delle lampade", lamps));
        assert!(fits("rata 2", lamps));
        assert!(!fits("rata 4", lamps));
        assert!(!fits("lampade tari", lamps));
        assert!(!fits("ampade", lamps));
    }

    #[test]
    fn an_identifier_asks_for_no_words() {
        for typed in [
            "ab 123-cd",
            "301000000000000012",
            "V/2026/1234",
            "345",
            "per il",
            "- / -",
        ] {
            assert_eq!(Wording::read(typed), None, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn a_description_is_found_by_each_of_its_words_and_by_all(text in "\\PC{0,140}") {
            for word in kept_words(&text) {
                prop_assert_eq!(words(&word), vec![word.clone()]);
                let read = Wording::read(&word);
                prop_assert_eq!(read.is_some(), is_telling(&word));
                prop_assert!(read.is_none_or(|one| one.fits(&text)));
            }
            prop_assert!(Wording::read(&text).is_none_or(|all| all.fits(&text)));
        }
    }
}
