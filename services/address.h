// Where a server listens and a client calls: HOST:PORT, [IPV6]:PORT or unix:PATH.
#pragma once

#include <cstdint>
#include <string>

namespace r1zero {

struct Address {
  std::string host;  // without brackets; empty for a Unix socket
  uint16_t port = 0;
  std::string unix_path;  // empty for TCP

  bool is_unix() const { return !unix_path.empty(); }
  bool is_loopback() const;      // a Unix socket, localhost, 127.0.0.0/8, ::1
  std::string ToString() const;  // as it is written on a command line, and as gRPC dials it
};

// Error with the text and what is expected of it.
Address ParseAddress(const std::string& text);

// Whether somebody listens there now; of a machine's own Unix sockets only, without a network between.
// REQUIRES is_unix().
bool IsListening(const Address& address);

// Error if nothing could listen there now: "cannot listen on 127.0.0.1:9000: Address already in use".
// The file of a Unix socket that nobody answers any more is removed.
void CheckCanListen(const Address& address);

}  // namespace r1zero
