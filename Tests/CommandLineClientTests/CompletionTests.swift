import Glibc
import Testing

/// The scripts that complete commands, read and run by the shells that they are for.
@Suite struct `The completions of ztna` {
    enum Shell: String, CaseIterable {
        case bash, zsh, fish

        var path: String? { ["/usr/bin/", "/bin/"].map { $0 + rawValue }.first { access($0, X_OK) == 0 } }

        /// A program of the shell that prints what completes "ztna sta", from a script in `file`.
        func asking(_ file: String) -> String {
            switch self {
            case .bash:
                """
                source \(file)
                COMP_WORDS=(ztna sta); COMP_CWORD=1; COMP_LINE='ztna sta'; COMP_POINT=8; COMP_TYPE=9; COMP_KEY=9
                # Only a shell that somebody types into has a completion under way, and options for it.
                compopt() { :; }
                _ztna ztna sta ztna
                printf '%s\\n' "offered: ${COMPREPLY[@]}"
                """
            case .zsh:
                // It completes at a terminal only: in one of its own somebody types, presses the tabulator, then Return.
                """
                zmodload zsh/zpty
                zpty shell zsh -f -i
                zpty -w shell "autoload -Uz compinit; compinit -u -D; source \(file); ztna() { print -r -- \\"offered: \\$*\\" }"
                zpty -w -n shell $'ztna sta\\t\\n'
                zpty -w shell exit
                while zpty -r shell line; do print -rn -- $line; done
                """
            case .fish: "source \(file); echo offered: (complete -C 'ztna sta' | cut -f 1)"
            }
        }
    }

    private static func script(for shell: Shell) async throws -> String {
        let script = try await `The program ztna`.run(
            ["--generate-completion-script", shell.rawValue], socket: "/tmp/none")
        #expect(script.status == 0 && script.errors == "")
        return script.output
    }

    @Test(arguments: Shell.allCases) func `name every command`(_ shell: Shell) async throws {
        let script = try await Self.script(for: shell)
        for word in ["login", "logout", "status", "whoami", "peers", "up", "down", "version", "--json", "--qr"] {
            #expect(script.contains(word.replacing("--", with: shell == .fish ? "" : "--")), "\(word)")
        }
    }

    @Test(.enabled(if: Shell.bash.path != nil, "no bash")) func `complete in bash`() async throws {
        try await Self.complete(in: .bash)
    }

    @Test(.enabled(if: Shell.zsh.path != nil, "no zsh")) func `complete in zsh`() async throws {
        try await Self.complete(in: .zsh)
    }

    @Test(.enabled(if: Shell.fish.path != nil, "no fish")) func `complete in fish`() async throws {
        try await Self.complete(in: .fish)
    }

    private static func complete(in shell: Shell) async throws {
        let program = try #require(shell.path)
        let file = "/tmp/ztna-completion-\(UInt64.random(in: 0 ... .max))"
        let bytes = Array(try await script(for: shell).utf8)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        defer { unlink(file) }
        #expect(write(descriptor, bytes, bytes.count) == bytes.count)
        close(descriptor)
        let read = try await `The program ztna`.run(["-n", file], socket: "", program: program)
        #expect(read.status == 0 && read.errors == "", "\(read.errors)")
        let asked = try await `The program ztna`.run(
            ["600", program, "-c", shell.asking(file)], socket: "", program: "/usr/bin/timeout")
        // A terminal ends its lines with a carriage return, too.
        let lines = asked.output.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("offered: ") }
        #expect(lines == ["offered: status"], "\(asked.output) \(asked.errors)")
    }
}
