use matcher::{MINUTE_MS, Position, Timestamp};

use super::*;
use crate::calls::Call;

/// Two hundred calls of one kind, an hour apart, round one place.
fn calls() -> Calls {
    let call = |n: u64| Call {
        at: Timestamp(1_450_000_000_000).plus_ms(n * 61 * MINUTE_MS),
        kind: "traffic_vehicle_accident".to_owned(),
        place: Position::from_degrees(40.2 + (n * 7 % 11) as f64 * 0.002, -75.4 + (n * 5 % 13) as f64 * 0.002),
        units: Vec::new(),
    };
    Calls { rows: 200, calls: (0..200).map(call).collect(), findings: Default::default() }
}

fn figures(wave_size: WaveSize) -> Figures {
    let (calls_file, format) = (PathBuf::new(), Format::Montco);
    let options = Options { calls: calls_file, format, volunteers: 80, seed: 1, first: None, json: None, report: None };
    lived(&options, &calls(), wave_size).unwrap()
}

#[test]
fn who_asks_everyone_is_quick_and_wastes_and_who_asks_one_is_slow_and_does_not() {
    let [one, six, everyone] = [1, 6, WAVE_SIZE_MAX].map(|size| figures(WaveSize::Fixed(size)));
    assert!(one.alerts_per_accept < six.alerts_per_accept && six.alerts_per_accept < everyone.alerts_per_accept);
    assert_eq!(one.redundant_arrivals, 0, "whoever is asked alone is needed");
    assert!(six.redundant_arrivals < everyone.redundant_arrivals);
    let quick = |figures: &Figures| figures.enough_accepted_s.p90.unwrap_or(f64::MAX);
    assert!(quick(&everyone) < quick(&six) && quick(&six) < quick(&one));
    assert_eq!(one.counted_on, None);
}

#[test]
fn what_a_wave_that_fits_counts_on_comes_true_and_the_same_seed_gives_the_same() {
    let fit = WaveSize::fitting(800, FIT_MAX);
    let figures_once = figures(fit);
    let trust = figures_once.counted_on.as_ref().expect("waves that fit count on people");
    assert!((trust.person_counted - trust.person_came).abs() < 0.08, "{trust:?}");
    assert!((trust.wave_counted - trust.wave_enough).abs() < 0.12, "{trust:?}");
    assert_eq!(figures(fit), figures_once);
}
