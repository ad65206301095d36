internal import CLinux

/// The memory that holds this program's code.
package enum ProgramPages {
    /// Gives back what only the start or something rare needed: three quarters of what a small daemon holds otherwise, most
    /// of it the loader's tables and code of libraries that libcurl brings along. Costs a millisecond of page faults later.
    package static func release() { ztna_release_program_pages() }
}
