//! 百应 Baiying: one call, a hundred answers.

/// A hub's load comes in floods (a district signs in, ten thousand phones reconnect): this one gives back what a flood
/// took and keeps 30 % less resident afterwards than the system's does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    hub::cli::main()
}
