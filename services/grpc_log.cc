#include "services/grpc_log.h"

#include <grpc/grpc.h>
#include <grpc/support/log.h>

#include <mutex>

#include "common/log.h"

namespace r1zero {

void PrepareGrpc() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function([](gpr_log_func_args* args) {
      LogLine(LogLevel::kDebug, std::string("grpc: ") + args->message);
    });
    grpc_init();  // and no grpc_shutdown: it can wait 10 s for a poll of gRPC's own to end
  });
}

}  // namespace r1zero
