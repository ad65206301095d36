internal import CXMLSec

/// libxml2 and libxmlsec1, started once and cut off from files and the network.
///
/// Every entry into either library comes through here first.
enum XMLSecurity {
    private static let isReady = ztna_xml_start() == 0

    /// Makes the libraries ready on this thread. They print nothing: what matters is in return values.
    static func enter() throws(SignedXMLError) {
        guard isReady else { throw .malformed }
        ztna_xml_silence()
    }
}
