internal import HTTPClient
internal import OpenIDConnect
internal import WebAddresses

/// The requests we make to one provider: each bounded in time and size, none following a redirect.
struct ProviderRequests: Sendable {
    let provider: ProviderConfiguration
    let fetch: ProviderFetch

    func metadata() async -> Result<ProviderMetadata, ProviderFault> {
        do throws(DiscoveryError) {
            let url = try ProviderMetadata.location(
                issuer: provider.issuer, allowPlainHTTPOnLoopback: provider.allowPlainHTTPOnLoopback)
            let body = await get(url.text, step: .discovery, limit: ProviderMetadata.maximumBytes)
            switch body {
            case .failure(let fault): return .failure(fault)
            case .success(let bytes):
                return .success(
                    try ProviderMetadata(
                        parsing: bytes, expectedIssuer: provider.issuer,
                        allowPlainHTTPOnLoopback: provider.allowPlainHTTPOnLoopback))
            }
        } catch { return .failure(.discovery(error)) }
    }

    func keys(at url: EndpointURL) async -> Result<JSONWebKeySet, ProviderFault> {
        switch await get(url.text, step: .keys, limit: JSONWebKeySet.maximumBytes) {
        case .failure(let fault): return .failure(fault)
        case .success(let bytes):
            do throws(JSONWebKeySetError) { return .success(try JSONWebKeySet(parsing: bytes)) } catch {
                return .failure(.keys(error))
            }
        }
    }

    /// OIDC Core §3.1.3.1. An error response is JSON with status 400 or 401: it is read, to be named in the log.
    func tokens(
        code: String, redirectURI: String, proofKey: ProofKey, at url: EndpointURL
    ) async throws(ProviderFault) -> TokenResponse {
        let request: TokenRequest
        do throws(TokenResponseError) {
            request = try TokenRequest(
                code: code, redirectURI: redirectURI, proofKey: proofKey, configuration: provider)
        } catch { throw .token(error) }
        var headers: HTTPHeaders = ["Content-Type": TokenRequest.contentType, "Accept": "application/json"]
        if let authorization = request.authorization { headers.append("Authorization", authorization) }
        let response = try await send(
            HTTPRequest(
                method: .post, url: url.text, headers: headers, body: Array(request.form.utf8),
                maximumResponseBytes: TokenResponse.maximumBytes),
            step: .token
        ).get()
        guard response.status == 200 || response.status == 400 || response.status == 401 else {
            throw .status(.token, response.status)
        }
        do throws(TokenResponseError) { return try TokenResponse(parsing: response.body) } catch { throw .token(error) }
    }

    /// OIDC Core §5.3.
    func userInfo(accessToken: String, subject: String, at url: EndpointURL) async throws(ProviderFault) -> UserInfo {
        let response = try await send(
            HTTPRequest(
                url: url.text, headers: ["Authorization": "Bearer \(accessToken)", "Accept": "application/json"],
                maximumResponseBytes: UserInfo.maximumBytes),
            step: .userinfo
        ).get()
        guard response.status == 200 else { throw .status(.userinfo, response.status) }
        do throws(UserInfoError) { return try UserInfo(parsing: response.body, expectedSubject: subject) } catch {
            throw .userInfo(error)
        }
    }

    private func get(_ url: String, step: ProviderFault.Step, limit: Int) async -> Result<[UInt8], ProviderFault> {
        let sent = await send(
            HTTPRequest(url: url, headers: ["Accept": "application/json"], maximumResponseBytes: limit), step: step)
        switch sent {
        case .failure(let fault): return .failure(fault)
        case .success(let response):
            return response.status == 200 ? .success(response.body) : .failure(.status(step, response.status))
        }
    }

    private func send(_ request: HTTPRequest, step: ProviderFault.Step) async -> Result<HTTPResponse, ProviderFault> {
        do throws(HTTPError) { return .success(try await fetch.send(provider.id, request)) } catch {
            return .failure(.unreachable(step, error))
        }
    }
}
