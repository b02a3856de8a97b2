// SPDX-License-Identifier: Apache-2.0

import SwiftProtobuf
import SwiftProtobufPluginLibrary
import WeirCodegen

/// The plugin that `protoc --weir_out=DIR` runs: a request on standard input, the generated files on standard output.
@main
struct ProtocGenWeir: CodeGenerator {
    /// `optional` fields are supported; editions and proto2 are not.
    var supportedFeatures: [Google_Protobuf_Compiler_CodeGeneratorResponse.Feature] { [.proto3Optional] }

    /// Generates all files, or reports the first declaration that is not supported.
    func generate(
        files: [FileDescriptor],
        parameter: any CodeGeneratorParameter,
        protoCompilerContext: any ProtoCompilerContext,
        generatorOutputs: any GeneratorOutputs
    ) throws {
        let options = try GeneratorOptions(parameter: parameter.parameter)
        let texts = try Generator(options: options).generate(files)
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            try generatorOutputs.add(fileName: name, contents: text)
        }
    }
}
