import Foundation
import StrictJSON

/// python3-saml, asked to validate the same response.
struct PythonSAML {
    private let python: String
    private let script: String
    private let directory: String

    /// `directory`: where the response and the certificate are put for it.
    init(python: String, directory: String) throws {
        self.python = python
        self.directory = directory
        script = "IdPFixtures/python3-saml/validate.py"
        guard FileManager.default.fileExists(atPath: script) else {
            throw BenchError.failed("\(script) is not here: run the bench from the repository")
        }
    }

    /// CPU seconds of one validation.
    func seconds(_ sample: SAMLSample, rounds: Int) throws -> Double {
        let (response, certificate) = (directory + "/response.xml", directory + "/certificate.pem")
        try Data(sample.response).write(to: URL(fileURLWithPath: response))
        try Data(sample.pem.utf8).write(to: URL(fileURLWithPath: certificate))
        let names: JSON = [
            "idp": .string(SAMLSample.provider), "sp": .string(SAMLSample.serviceProvider),
            "acs": .string(SAMLSample.acs), "request_id": .string(SAMLSample.requestID),
        ]
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [script, response, certificate, names.encodedText(), String(rounds)]
        process.standardOutput = pipe
        try process.run()
        let said = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0, let members = try? JSONMembers(parsing: Array(said)),
            let microseconds = members.members["microseconds"]?.numberValue
        else { throw BenchError.failed("python3-saml ended with \(process.terminationStatus)") }
        return microseconds / 1e6
    }
}
