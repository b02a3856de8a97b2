// SPDX-License-Identifier: Apache-2.0
//
// weir.data.v1.DataService over gRPC C++, callback API: data set "synthetic" only. One write is in flight at a time, as the
// API asks for; the next starts when the library says that the last one is done.
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "weir/data/v1/data_service.grpc.pb.h"

namespace {

namespace data = weir::data::v1;

constexpr std::size_t kLargestChunk = 1 << 20;
constexpr std::size_t kOffsets = 65536;
constexpr std::size_t kDefaultChunk = 16000;

// 1 MiB and 64 KiB of SplitMix64 from 0, little-endian; every chunk is a slice of it.
const std::string& Pattern() {
  static const std::string pattern = [] {
    std::string bytes;
    bytes.reserve(kLargestChunk + kOffsets);
    std::uint64_t state = 0;
    while (bytes.size() < kLargestChunk + kOffsets) {
      state += 0x9E3779B97F4A7C15u;
      std::uint64_t mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
      mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
      mixed ^= mixed >> 31;
      for (int byte = 0; byte < 8; ++byte) bytes.push_back(static_cast<char>(mixed >> (8 * byte)));
    }
    return bytes;
  }();
  return pattern;
}

// One call of StreamData; deletes itself when the library is done with it.
class StreamReactor final : public grpc::ServerWriteReactor<data::DataChunk> {
 public:
  explicit StreamReactor(const data::StreamRequest& request)
      : next_(request.start_sequence()),
        left_(request.max_chunks()),
        endless_(request.max_chunks() == 0),
        size_(request.chunk_bytes() == 0 ? kDefaultChunk : request.chunk_bytes()) {
    if (!request.dataset().empty() && request.dataset() != "synthetic") {
      Finish({grpc::StatusCode::NOT_FOUND, "there is only the data set synthetic"});
    } else if (size_ > kLargestChunk) {
      Finish({grpc::StatusCode::INVALID_ARGUMENT, "chunk_bytes is over 1048576"});
    } else {
      WriteNext();
    }
  }

  void OnWriteDone(bool ok) override {
    if (ok) {
      WriteNext();
    } else {
      Finish({grpc::StatusCode::CANCELLED, "the client is gone"});
    }
  }

  void OnDone() override { delete this; }

 private:
  void WriteNext() {
    if (!endless_ && left_ == 0) {
      Finish(grpc::Status::OK);
      return;
    }
    chunk_.set_sequence(next_);
    chunk_.set_payload(Pattern().data() + (next_ * 4099) % kOffsets, size_);
    ++next_;
    if (!endless_) --left_;
    StartWrite(&chunk_);
  }

  std::uint64_t next_;
  std::uint64_t left_;
  bool endless_;
  std::size_t size_;
  data::DataChunk chunk_;
};

class Service final : public data::DataService::CallbackService {
  grpc::ServerWriteReactor<data::DataChunk>* StreamData(grpc::CallbackServerContext*,
                                                        const data::StreamRequest* request) override {
    return new StreamReactor(*request);
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || std::strcmp(argv[1], "--port") != 0) {
    std::fprintf(stderr, "usage: %s --port PORT\n", argv[0]);
    return 64;
  }
  // Blocked before the library makes its threads, so that only this one takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Pattern();
  Service service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(std::string("127.0.0.1:") + argv[2], grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::fprintf(stderr, "cannot listen on 127.0.0.1:%s\n", argv[2]);
    return 69;
  }
  std::printf("listening on 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  // Calls that run are cancelled at once.
  server->Shutdown(std::chrono::system_clock::now());
  server->Wait();
  return 0;
}
