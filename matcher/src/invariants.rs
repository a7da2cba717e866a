//! Named checks, called by tests, the simulator, debug builds and a production counter.
