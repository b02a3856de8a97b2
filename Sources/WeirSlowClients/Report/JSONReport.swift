// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials

/// Reports as JSON: sorted keys, one member a line, so that two of them can be compared with `diff`.
///
/// A number that JSON has no way to write becomes one of the strings `infinite`, `-infinite` and `not a number`, and is
/// read back as what it was.
public enum JSONReport {
    /// The largest file that is read.
    public static let mostBytes = 256 << 20

    /// Why a report could not be read or written: one sentence.
    public struct Failure: Error, Equatable, CustomStringConvertible {
        /// The sentence.
        public let description: String

        /// Makes one with this sentence.
        public init(description: String) { self.description = description }
    }

    /// The report as JSON, with a newline at its end.
    public static func encode(_ report: BenchReport) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: infinite, negativeInfinity: negative, nan: notANumber)
        do {
            return String(decoding: try encoder.encode(report), as: UTF8.self) + "\n"
        } catch {
            throw Failure(description: "the report cannot be written as JSON: \(error)")
        }
    }

    /// Reads a report; `file` is what to call it when something is wrong with it.
    public static func decode(_ json: [UInt8], file: String) throws -> BenchReport {
        let file = VisibleText.line(file)
        guard json.count <= mostBytes else {
            throw Failure(description: "\(file) is too large: \(json.count) bytes, where \(mostBytes) are read at most")
        }
        guard !json.isEmpty else { throw Failure(description: "\(file) is empty") }
        let json = Data(json)
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: infinite, negativeInfinity: negative, nan: notANumber)
        do {
            // Told apart first: a file of something else should not be reproached with a missing `label`.
            let kind = try decoder.decode(Kind.self, from: json)
            guard let tool = kind.tool?.name, tool == BenchReport.Tool().name else {
                throw Failure(description: "\(file) is not a report of \(BenchReport.Tool().name)")
            }
            return try decoder.decode(BenchReport.self, from: json)
        } catch let failure as Failure {
            throw failure
        } catch let error as DecodingError {
            throw Failure(description: sentence(error, file))
        } catch {
            throw Failure(description: "\(file) cannot be read: \(error)")
        }
    }

    private static let infinite = "infinite"
    private static let negative = "-infinite"
    private static let notANumber = "not a number"

    /// As much of a file as tells whether it is a report.
    private struct Kind: Decodable {
        struct Tool: Decodable { var name: String? }
        var tool: Tool?
    }

    private static func sentence(_ error: DecodingError, _ file: String) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            "\(file): \(place(context.codingPath + [key])) is missing"
        case .valueNotFound(let type, let context):
            "\(file): \(place(context.codingPath)) is null where \(noun(type)) is expected"
        case .typeMismatch(let type, let context):
            context.codingPath.isEmpty
                ? "\(file) does not hold a JSON object" : "\(file): \(place(context.codingPath)) is not \(noun(type))"
        case .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "\(file) is not JSON" : "\(file): \(place(context.codingPath)) has a value that is not known"
        @unknown default: "\(file) cannot be read: \(error)"
        }
    }

    /// A path such as `profiles[3].canary.calls`.
    private static func place(_ path: [any CodingKey]) -> String {
        let text = path.reduce("") { text, key in
            if let index = key.intValue { return text + "[\(index)]" }
            return text.isEmpty ? key.stringValue : text + "." + key.stringValue
        }
        return VisibleText.line(text)
    }

    private static func noun(_ type: any Any.Type) -> String {
        switch type {
        case is Int.Type: "a whole number"
        case is Double.Type: "a number"
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any RandomAccessCollection.Type: "a list"
        default: "an object"
        }
    }
}
