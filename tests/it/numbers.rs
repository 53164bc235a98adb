//! Notice numbers are never given twice, whoever asks and however often the engine starts.

use std::collections::BTreeSet;

use avviso::app::numbers::reserve;
use avviso::domain::notice_number::SegregationCode;

use crate::given;

both_databases! {
    async fn eight_writers_get_distinct_numbers(app: TestApp) {
        let writers = (0..8i64).map(|writer| {
            let app = app.clone();
            actix_web::rt::spawn(async move {
                let mut numbers = Vec::new();
                for _ in 0..5 {
                    let position = given::position(&app, given::lamps(writer + 1)).await;
                    numbers.push(given::single(&position));
                }
                numbers
            })
        });
        let mut all = Vec::new();
        for writer in writers.collect::<Vec<_>>() {
            all.extend(writer.await.unwrap());
        }
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 40);
    }

    async fn two_engines_on_one_database_get_distinct_numbers(app: TestApp) {
        let code = SegregationCode::parse("01").unwrap();
        let twin = app.twin().await;
        let mut tasks = Vec::new();
        for engine in [&app, &twin] {
            for _ in 0..4 {
                let (ctx, town, code) = (engine.ctx.clone(), app.town(), code.clone());
                tasks.push(actix_web::rt::spawn(async move {
                    reserve(&ctx, &town, &code, 300).await.unwrap()
                }));
            }
        }
        let mut all = BTreeSet::new();
        for task in tasks {
            all.extend(task.await.unwrap().iter().map(|number| number.as_str().to_owned()));
        }
        assert_eq!(all.len(), 8 * 300);
    }

    async fn a_restart_never_repeats_a_number(app: TestApp) {
        let mut all = BTreeSet::new();
        let mut engine = app.clone();
        for _ in 0..4 {
            for quantity in 1..=3 {
                let position = given::position(&engine, given::lamps(quantity)).await;
                assert!(all.insert(given::single(&position)));
            }
            engine = engine.twin().await;
        }
    }

    async fn a_number_of_the_office_is_not_taken_twice(app: TestApp) {
        let issued = given::single(&given::position(&app, given::lamps(1)).await);
        let mut again = given::lamps(2);
        again.numbers = vec![issued];
        let before = app.dump();
        let seal = |_: &mut avviso::store::Tx<'_>, _, _: &avviso::domain::position::Position| Ok(());
        let refused = avviso::app::positions::create(&app.ctx, &app.town(), again, seal).await;
        let refused = refused.unwrap_err();
        assert!(matches!(refused, avviso::app::positions::Error::NumberTaken), "{refused}");
        assert_eq!(app.dump(), before);
    }
}
