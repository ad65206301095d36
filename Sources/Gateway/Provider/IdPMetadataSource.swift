internal import HTTPClient
internal import SAML
internal import SignedXML
internal import WebAddresses

/// Where one provider's description comes from: fetched, read from its file, or made from the configuration.
struct IdPMetadataSource: Sendable {
    let provider: SAMLProviderConfiguration
    let fetch: ProviderFetch
    let readFile: @Sendable (_ path: String, _ maximumBytes: Int) throws -> [UInt8]
    let workers: XMLWorkers

    /// What was loaded, and the document that it was read from.
    struct Loaded: Sendable {
        var description: IdPDescription
        /// Nil for a description from the configuration alone.
        var document: [UInt8]?
    }

    func load(now: Int) async -> Result<Loaded, ProviderFault> {
        let maximumBytes = XMLLimits.metadata.maximumBytes
        switch provider.source {
        case .inline(let entityID, let ssoURL, let sloURL, let certificates):
            do throws(IdPMetadataError) {
                return .success(
                    Loaded(
                        description: try IdPDescription(
                            entityID: entityID, ssoURL: ssoURL, sloURL: sloURL, certificates: certificates, now: now)))
            } catch { return .failure(.metadata(error)) }
        case .file(let path):
            do { return await parse(try readFile(path, maximumBytes), now: now) } catch {
                return .failure(.metadataFile(path, "\(error)"))
            }
        case .url(let url):
            let request = HTTPRequest(
                url: url.text, headers: ["Accept": "application/samlmetadata+xml, application/xml, text/xml"],
                maximumResponseBytes: maximumBytes)
            do throws(HTTPError) {
                let response = try await fetch.send(provider.id, request)
                guard response.status == 200 else { return .failure(.status(.metadata, response.status)) }
                return await parse(response.body, now: now)
            } catch { return .failure(.unreachable(.metadata, error)) }
        }
    }

    func parse(_ document: [UInt8], now: Int) async -> Result<Loaded, ProviderFault> {
        let provider = provider
        do {
            let description = try await workers.run { () throws(IdPMetadataError) in
                try IdPMetadata.parse(document, options: IdPMetadata.Options(provider), now: now)
            }
            return .success(Loaded(description: description, document: document))
        } catch let error as IdPMetadataError { return .failure(.metadata(error)) } catch {
            return .failure(.overloaded)
        }
    }
}
