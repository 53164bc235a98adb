//! The notice numbers of `charges.md` §6.5, one test for each.

use super::*;

macro_rules! vectors {
    ($($name:ident: $text:literal;)+) => {$(
        #[test]
        fn $name() {
            let number = NoticeNumber::parse($text).unwrap();
            assert_eq!(number.check(), Ok(()));
            assert_eq!(format!("3{}", number.iuv().as_str()), $text);
        }
    )+};
}

vectors! {
    notice_number_173: "301260000000000173";
    notice_number_274: "301260000000000274";
    notice_number_47: "347000000000012353";
}
