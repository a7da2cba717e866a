//! Who could go: the skill-and-place index, ranking, waves.
