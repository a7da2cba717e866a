//! 百应 Baiying: one call, a hundred answers.

fn main() -> std::process::ExitCode {
    hub::cli::main()
}
