use super::*;

#[test]
fn bands_are_four_hours_of_the_clock() {
    let at = |hour: i64| band_of(Timestamp(hour * HOUR_MS as i64));
    assert_eq!([0, 3, 4, 23, 24, 51, -1].map(at), [0, 0, 1, 5, 0, 0, 5]);
}

#[test]
fn a_habit_stays_short_and_loses_no_ask_but_by_halving() {
    let mut habit = Habit::default();
    for number in 0..40u16 {
        habit.add(1 + number % 20, (number % 6) as u8, ASK, if number % 4 == 0 { ASK } else { 0 });
        assert!(habit.cells().len() <= HABIT_CELLS_MAX);
        assert!(habit.cells().is_sorted_by_key(|cell| (cell.kind, cell.band)));
    }
    let sum = |of: fn(&Cell) -> u8| habit.cells().iter().map(|cell| u32::from(of(cell))).sum::<u32>();
    assert_eq!((sum(|cell| cell.asked), sum(|cell| cell.accepted)), (40 * ASK, 10 * ASK));
}

#[test]
fn what_was_long_ago_counts_less_and_less() {
    let mut habit = Habit::default();
    (0..31).for_each(|_| habit.add(1, 0, ASK, ASK));
    assert_eq!(habit.cells(), [Cell { kind: 1, band: 0, asked: 248, accepted: 248 }]);
    (0..40).for_each(|_| habit.add(1, 0, ASK, 0));
    let Cell { asked, accepted, .. } = habit.cells()[0];
    assert!(accepted > 0 && u32::from(accepted) * 3 < u32::from(asked), "{accepted} of {asked}");
    let mut custom = Custom::new(Custom::of_district(1));
    (0..10_000).for_each(|_| custom.add(2, ASK, ASK / 2));
    let Count { asked, accepted } = custom.bands[2];
    assert!(asked <= 4_096 * ASK && asked.abs_diff(accepted * 2) <= 4, "{accepted} of {asked}");
}

#[test]
fn kinds_keep_their_numbers() {
    let mut learning = Learning::default();
    let [fall, fire]: [KindCode; 2] = ["fall".to_owned(), "fire".to_owned()];
    learning.know([&fire].into_iter());
    learning.know([&fall, &fire].into_iter());
    assert_eq!((learning.number("fire"), learning.number("fall"), learning.number("other")), (1, 2, 0));
}

/// Forty of a hundred accept, evenly over the first forty seconds; half of all offers are withdrawn at some time before.
fn offers() -> impl Iterator<Item = (u64, Answered)> {
    (0..20_000u64).map(|number| {
        let accepts_at = (number % 100 < 40).then_some((number / 100 * 7_919 + number) % 40_000);
        let withdrawn_at = if number / 100 % 2 == 0 { (number * 104_729) % 45_000 } else { 45_000 };
        match accepts_at.filter(|&at| at < withdrawn_at) {
            Some(at) => (at, Answered::Yes),
            None => (withdrawn_at, Answered::Silence),
        }
    })
}

#[test]
fn an_offer_withdrawn_early_counts_as_the_part_of_an_ask_that_it_was() {
    let mut haste = Haste::default();
    offers().for_each(|(at, answered)| haste.note(at, answered));
    let parts = |age_ms: u64| haste.parts(age_ms, 45 * SECOND_MS);
    // Of a hundred asked, after twenty seconds twenty have accepted and twenty of the eighty silent will: 3/8 of an ask.
    assert_eq!([0, 10_000, 20_000].map(parts), [0, 1, 3]);
    assert_eq!([45_000, 60_000].map(parts), [ASK; 2]);
    assert!(haste.parts(SECOND_MS, 600 * SECOND_MS) <= 1);
    let (mut asked, mut accepted) = (0, 0);
    for (at, answered) in offers() {
        asked += if answered == Answered::Yes { ASK } else { parts(at) };
        accepted += if answered == Answered::Yes { ASK } else { 0 };
    }
    let permille = accepted * 1_000 / asked;
    assert!((390..410).contains(&permille), "{permille} of a thousand, where 400 accept if they are left to");
}
