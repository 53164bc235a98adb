//! Invented citizens and firms of the town, with tax codes whose check characters are right.

use chrono::{Datelike, Days, NaiveDate};
use serde_json::{Value, json};

use super::chance::Chance;

const FAMILY: &[&str] = &[
    "Rossi",
    "Ferri",
    "Bianchi",
    "Colaneri",
    "Di Pietro",
    "Cipollone",
    "Fracassi",
    "Marini",
    "Di Nicola",
    "Berardi",
    "Santilli",
    "Iacoboni",
    "Gallese",
    "Villa",
    "De Angelis",
    "Paris",
    "Mancini",
    "Ranalletta",
    "Sorgi",
    "Lustri",
    "Tuzi",
    "Cerratti",
    "Morelli",
    "Di Cola",
    "Panunzi",
    "Fantozzi",
    "Giffi",
    "Scipioni",
    "Corsi",
    "Ricci",
    "Montaldi",
    "Petrella",
    "Serafini",
    "Taglieri",
    "Venti",
    "Angelini",
    "Bisegna",
    "Cambise",
    "D'Amico",
    "Eramo",
    "Felli",
    "Graziani",
    "Ippoliti",
    "Leonio",
    "Maceroni",
    "Natale",
    "Orlandi",
    "Palma",
    "Quaglia",
    "Rubeo",
    "Salvati",
    "Tiburzi",
    "Urbani",
    "Valente",
    "Zaurrini",
    "Fo",
    "Re",
];
const WOMEN: &[&str] = &[
    "Maria",
    "Anna",
    "Giulia",
    "Francesca",
    "Elena",
    "Chiara",
    "Paola",
    "Sara",
    "Laura",
    "Silvia",
    "Antonella",
    "Federica",
    "Ilaria",
    "Martina",
    "Valentina",
    "Rita",
    "Lucia",
    "Marta",
    "Emma",
    "Ada",
];
const MEN: &[&str] = &[
    "Mario",
    "Giuseppe",
    "Antonio",
    "Luca",
    "Marco",
    "Andrea",
    "Francesco",
    "Stefano",
    "Paolo",
    "Roberto",
    "Alessandro",
    "Davide",
    "Matteo",
    "Simone",
    "Giovanni",
    "Domenico",
    "Enzo",
    "Leonardo",
    "Tommaso",
    "Ugo",
];
const STREETS: &[&str] = &[
    "Via Roma",
    "Corso della Liberta",
    "Via Garibaldi",
    "Via Mazzini",
    "Via Cavour",
    "Via Monsignor Bagnoli",
    "Via America",
    "Via Marconi",
    "Via Sabotino",
    "Via Monte Velino",
    "Via dei Fiori",
    "Via Trieste",
    "Via Fucino",
    "Via San Francesco",
    "Via Pereto",
    "Piazza Risorgimento",
    "Via Nuova",
    "Via Napoli",
    "Via Cesare Battisti",
    "Via Montello",
];
/// Land registry codes of places of birth, the town's own among them several times.
const PLACES: &[&str] = &[
    "A515", "A515", "A515", "A515", "A345", "C426", "G492", "H501", "F839", "L182", "Z129",
];
const FIRMS: &[&str] = &[
    "Edil Velino S.r.l.",
    "Forno Marsicano S.n.c.",
    "Albergo del Fucino S.r.l.",
    "Ortofrutta Conca S.r.l.",
    "Officina Tre Monti S.n.c.",
    "Immobiliare Aia S.r.l.",
    "Bar Centrale S.a.s.",
    "Trasporti Peligni S.r.l.",
    "Studio Tecnico Alto S.r.l.",
    "Farmacia Salviano S.n.c.",
    "Ristorante La Conca S.r.l.",
    "Arredi Marsica S.r.l.",
];

/// A natural person.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) full_name: String,
    pub(crate) tax_code: String,
}

/// The grown-up with this number; a household, a driver and a tenant with the same number are the same.
pub(crate) fn adult(seed: u64, number: u64) -> Person {
    let mut chance = Chance::of(seed, &["adult", &number.to_string()]);
    let family = chance.pick(FAMILY);
    let first_birthday = NaiveDate::from_ymd_opt(1938, 1, 1).unwrap_or_default();
    person(&mut chance, family, (first_birthday, 24_000))
}

/// A pupil of the family of this grown-up; `place` counts brothers and sisters from 1.
pub(crate) fn child(seed: u64, parent: u64, place: i64) -> Person {
    let family = Chance::of(seed, &["adult", &parent.to_string()]).pick(FAMILY);
    let mut chance = Chance::of(seed, &["child", &parent.to_string(), &place.to_string()]);
    let first_birthday = NaiveDate::from_ymd_opt(2015, 9, 1).unwrap_or_default();
    person(&mut chance, family, (first_birthday, 2_500))
}

fn person(chance: &mut Chance, family: &str, (first, span): (NaiveDate, u64)) -> Person {
    let woman = chance.percent(51);
    let given = chance.pick(if woman { WOMEN } else { MEN });
    let born = first
        .checked_add_days(Days::new(chance.below(span)))
        .unwrap_or(first);
    let place = chance.pick(PLACES);
    Person {
        full_name: format!("{given} {family}"),
        tax_code: personal_code((family, given), born, woman, place),
    }
}

/// The debtor of a position, as the REST door wants it.
pub(crate) fn debtor(seed: u64, number: u64) -> Value {
    let person = adult(seed, number);
    let mut chance = Chance::of(seed, &["home", &number.to_string()]);
    json!({
        "type": "person",
        "tax_code": person.tax_code,
        "full_name": person.full_name,
        "address": address(&mut chance),
    })
}

/// A firm as a debtor.
pub(crate) fn firm(seed: u64, number: u64) -> Value {
    let mut chance = Chance::of(seed, &["firm", &number.to_string()]);
    let name = chance.pick(FIRMS);
    let serial = 166_000_u64.saturating_add(number.checked_rem(100_000).unwrap_or(0));
    json!({
        "type": "body",
        "tax_code": body_code(&format!("{serial:07}066")),
        "full_name": name,
        "address": address(&mut chance),
    })
}

fn address(chance: &mut Chance) -> Value {
    json!({
        "street": street(chance),
        "postal_code": "67051",
        "city": "Avezzano",
        "province": "AQ",
        "country": "IT",
    })
}

/// A street of the town with a number.
pub(crate) fn street(chance: &mut Chance) -> String {
    format!("{} {}", chance.pick(STREETS), chance.between(1, 140))
}

/// Codice fiscale of a person (D.M. 23/12/1976).
fn personal_code(
    (family, given): (&str, &str),
    born: NaiveDate,
    woman: bool,
    place: &str,
) -> String {
    let month = u32::try_from("ABCDEHLMPRST".len())
        .ok()
        .filter(|months| born.month() <= *months)
        .and_then(|_| born.month().checked_sub(1))
        .and_then(|at| usize::try_from(at).ok())
        .and_then(|at| "ABCDEHLMPRST".chars().nth(at))
        .unwrap_or('A');
    let day = if woman {
        born.day().saturating_add(40)
    } else {
        born.day()
    };
    let year = born.year().rem_euclid(100);
    let code = format!(
        "{}{}{year:02}{month}{day:02}{place}",
        three_letters(family, usize::MAX),
        three_letters(given, 3),
    );
    let check = check_letter(&code);
    format!("{code}{check}")
}

/// Consonants, then vowels, then X. Of a given name with more than `most` consonants the second is left out.
fn three_letters(name: &str, most: usize) -> String {
    let letters: Vec<char> = name
        .chars()
        .filter(char::is_ascii_alphabetic)
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    let vowel = |letter: &&char| "AEIOU".contains(**letter);
    let mut consonants: Vec<char> = letters.iter().filter(|l| !vowel(l)).copied().collect();
    if consonants.len() > most {
        consonants.remove(1);
    }
    let vowels = letters.iter().filter(|l| vowel(l)).copied();
    consonants
        .into_iter()
        .chain(vowels)
        .chain(std::iter::repeat('X'))
        .take(3)
        .collect()
}

/// The check character: odd places by the table of the decree, even places by their place.
fn check_letter(code: &str) -> char {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let value = |letter: char| {
        let base36 = letter.to_digit(36).unwrap_or(0);
        if letter.is_ascii_digit() {
            base36
        } else {
            base36.saturating_sub(10)
        }
    };
    let odd = |letter: char| {
        let at = usize::try_from(value(letter)).unwrap_or(0);
        ODD.get(at).copied().unwrap_or(0)
    };
    let sum: u32 = code
        .chars()
        .enumerate()
        .map(|(at, letter)| {
            if at % 2 == 0 {
                odd(letter)
            } else {
                value(letter)
            }
        })
        .sum();
    char::from_digit(sum.rem_euclid(26).saturating_add(10), 36)
        .map_or('X', |c| c.to_ascii_uppercase())
}

/// Partita IVA: ten digits and the check digit of Luhn.
fn body_code(ten: &str) -> String {
    let sum: u32 = ten
        .chars()
        .filter_map(|digit| digit.to_digit(10))
        .enumerate()
        .map(|(at, digit)| match digit.saturating_mul(2) {
            _ if at % 2 == 0 => digit,
            doubled if doubled > 9 => doubled.saturating_sub(9),
            doubled => doubled,
        })
        .sum();
    let check = 10_u32.saturating_sub(sum.rem_euclid(10)).rem_euclid(10);
    format!("{ten}{check}")
}

#[cfg(test)]
mod tests {
    use avviso::domain::fiscal_code::FiscalCode;

    use super::*;

    #[test]
    fn the_code_of_the_sample_citizen_is_the_well_known_one() {
        let born = NaiveDate::from_ymd_opt(1980, 1, 1).unwrap();
        assert_eq!(
            personal_code(("Rossi", "Mario"), born, false, "H501"),
            "RSSMRA80A01H501U"
        );
        assert_eq!(three_letters("Fo", usize::MAX), "FOX");
        assert_eq!(three_letters("Francesco", 3), "FNC");
        assert_eq!(three_letters("D'Amico", usize::MAX), "DMC");
    }

    #[test]
    fn every_invented_code_is_valid() {
        for number in 0..3000 {
            for person in [
                adult(2026, number),
                child(2026, number, 1),
                child(2026, number, 3),
            ] {
                let code = FiscalCode::parse(&person.tax_code).unwrap();
                assert_eq!(code.as_str(), person.tax_code);
                assert!((1..=70).contains(&person.full_name.len()));
            }
            let firm = firm(2026, number);
            let code = FiscalCode::parse(firm["tax_code"].as_str().unwrap()).unwrap();
            assert!(code.has_body_form());
        }
    }
}
