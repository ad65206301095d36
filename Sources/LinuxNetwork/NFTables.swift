internal import CLinux
internal import Glibc

/// One libnftables context: runs scripts. Not safe for concurrent use.
///
/// Acts in the network namespace of the thread that creates it.
struct NFTables: ~Copyable {
    private let context: OpaquePointer

    /// The last descriptor but some that select(2) can wait for. libnftables uses it, and the C library ends a program that
    /// hands it a higher one.
    private static let highestDescriptor: Int32 = 1000

    init() throws(LinuxNetworkError) {
        let next = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard next >= 0 else { throw .system(call: "open", errno: Errno.last) }
        close(next)
        guard next < Self.highestDescriptor else {
            throw .filter("this process has \(next) files open, and nftables takes no descriptor from 1024 on")
        }
        guard let context = nft_ctx_new(UInt32(NFT_CTX_DEFAULT)) else { throw .filter("no context") }
        self.context = context
        nft_ctx_buffer_output(context)
        nft_ctx_buffer_error(context)
    }

    /// Runs one transaction.
    func run(_ script: String) throws(LinuxNetworkError) {
        let status = nft_run_cmd_from_buffer(context, script)
        // Reading a buffer also empties it for the next run.
        _ = nft_ctx_get_output_buffer(context)
        let complaint = nft_ctx_get_error_buffer(context).map { String(cString: $0) } ?? ""
        guard status == 0 else { throw .filter(String(complaint.prefix(500))) }
        // After a change, an empty script makes nft forget what it knows of the tables: half a megabyte each.
        _ = nft_run_cmd_from_buffer(context, "")
    }

    deinit { nft_ctx_free(context) }
}
