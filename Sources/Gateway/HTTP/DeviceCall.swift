internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import Logging
internal import NIOCore
internal import Sessions
internal import Store
internal import Wire

/// One HTTP call of a device: proof first, then the call's own work, and every refusal in the one form.
struct DeviceCall: Sendable {
    let configuration: GatewayConfiguration
    let services: GatewayServices
    let gate: DPoPGate

    /// `path` is the route's own, so that `htu` is compared with what we serve and not with what the request claims.
    func answer(
        _ request: Request, _ context: GatewayContext, path: String, accessToken: String? = nil,
        _ work: (DPoPProof, Int) async throws -> Response
    ) async -> Response {
        let now = services.clock()
        let nonce = gate.nonce(now: now)
        var device: DeviceID?
        do {
            let proof: DPoPProof
            do throws(DPoPError) {
                guard request.headers.hasAtMostOne(.dpop) else { throw DPoPError.malformed }
                proof = try gate.admit(
                    request.headers.value(.dpop), method: request.method.rawValue, url: configuration.serverURL + path,
                    accessToken: accessToken, network: ClientAddress.network(address(of: request, context)), now: now)
            } catch {
                if error != .nonce { refused(request, context, path: path, reason: error.explanation, by: nil) }
                return Answer.failure(OAuthFailure(error), nonce: nonce)
            }
            device = proof.device
            var response = try await work(proof, now)
            response.headers.set(.dpopNonce, nonce)
            return response
        } catch let failure as OAuthFailure {
            if !failure.isExpected {
                refused(
                    request, context, path: path, reason: "\(failure.name.rawValue): \(failure.description)", by: device
                )
            }
            return Answer.failure(failure, nonce: nonce)
        } catch let error as StoreError {
            services.logger.error(
                "device call failed", metadata: ["path": "\(path)", "reason": "\(error.explanation)"])
            let name: ControlErrorName = error == .overloaded ? .temporarilyUnavailable : .serverError
            return Answer.failure(
                OAuthFailure(name, "the server cannot write its records: tell its operator"), nonce: nonce)
        } catch {
            services.logger.error("device call failed", metadata: ["path": "\(path)", "reason": "\(error)"])
            return Answer.failure(OAuthFailure(.serverError, "the server failed: tell its operator"), nonce: nonce)
        }
    }

    private func refused(
        _ request: Request, _ context: GatewayContext, path: String, reason: String, by device: DeviceID?
    ) {
        var facts: Logger.Metadata = ["path": "\(path)", "reason": "\(reason)"]
        if let device { facts["device"] = "\(device)" }
        services.refusals.note(
            .notice, "device call refused", facts, from: address(of: request, context), now: services.clock())
    }

    /// The form in the body. Errors: `OAuthFailure` `invalid_request`.
    func form(of request: Request, limit: Int) async throws -> FormBody {
        guard request.headers.value(.contentType)?.hasPrefix("application/x-www-form-urlencoded") == true else {
            throw OAuthFailure(.invalidRequest, "send application/x-www-form-urlencoded")
        }
        let body: ByteBuffer
        do { body = try await request.body.collect(upTo: limit) } catch {
            throw OAuthFailure(.invalidRequest, "the body is larger than \(limit) bytes")
        }
        do throws(FormBody.Failure) { return try FormBody(parsing: body.readableBytesView) } catch {
            switch error {
            case .malformed: throw OAuthFailure(.invalidRequest, "the form is malformed")
            case .duplicate(let name):
                // RFC 6749 §5.2: what is not plain is left out of a description.
                let plain = name.utf8.prefix(40).filter { $0 == 0x5F || (0x61...0x7A).contains($0) }
                throw OAuthFailure(
                    .invalidRequest, "the parameter \(String(decoding: plain, as: UTF8.self)) is repeated")
            }
        }
    }

    /// Whose request it is, for limits, pages and logs.
    func address(of request: Request, _ context: GatewayContext) -> String {
        ClientAddress.text(
            connection: context.remoteAddress, forwardedFor: request.headers.value(.forwardedFor),
            trustedProxies: configuration.trustedProxies)
    }
}

extension HTTPFields {
    /// Of one that is repeated, all values, joined as HTTP has it.
    func value(_ name: HTTPField.Name?) -> String? {
        guard let name else { return nil }
        var found: String?
        for field in self where field.name == name {
            // Joining costs more than looking, and is hardly ever needed.
            if found != nil { return self[name] }
            found = field.value
        }
        return found
    }

    func hasAtMostOne(_ name: HTTPField.Name?) -> Bool { name.map { self[values: $0].count <= 1 } ?? true }
}
