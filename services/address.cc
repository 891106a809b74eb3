#include "services/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "common/error.h"

namespace r1zero {
namespace {

constexpr char kExpected[] = ", expected HOST:PORT, [IPV6]:PORT or unix:PATH";

// A socket that closes itself.
class Socket {
 public:
  explicit Socket(int family, int flags = 0)
      : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)) {
    Require(fd_ >= 0, "cannot open a socket: ", std::strerror(errno));
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

Address ParseUnix(const std::string& path) {
  Require(!path.empty(), "address 'unix:' has no path", kExpected);
  constexpr size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  Require(path.size() <= longest, "address 'unix:", path, "' has a path of ", path.size(),
          " bytes; the system allows ", longest);
  return {.unix_path = path};
}

uint16_t ParsePort(const std::string& text, const std::string& port) {
  uint16_t value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  Require(!port.empty() && error == std::errc() && end == port.data() + port.size(), "address '",
          text, "' has port '", port, "', expected a number from 0 to 65535");
  return value;
}

sockaddr_un UnixName(const Address& address) {
  sockaddr_un name{.sun_family = AF_UNIX};
  std::memcpy(name.sun_path, address.unix_path.c_str(), address.unix_path.size() + 1);
  return name;
}

void CheckUnix(const Address& address) {
  const sockaddr_un name = UnixName(address);
  const auto* const where = reinterpret_cast<const sockaddr*>(&name);
  const Socket caller(AF_UNIX);
  const bool answered = connect(caller.fd(), where, sizeof(name)) == 0;
  Require(!answered, "cannot listen on ", address.ToString(), ": another process listens there");
  if (errno == ECONNREFUSED) unlink(name.sun_path);  // left by a process that is gone
  const Socket listener(AF_UNIX);
  const bool bound = bind(listener.fd(), where, sizeof(name)) == 0;
  Require(bound, "cannot listen on ", address.ToString(), ": ", std::strerror(errno));
  unlink(name.sun_path);
}

void CheckTcp(const Address& address) {
  const addrinfo hints{.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  Require(error == 0, "cannot listen on ", address.ToString(), ": ", gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  const Socket listener(found->ai_family);
  const int yes = 1;  // a port in TIME_WAIT is free, as gRPC sees it too
  setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  const bool free =
      bind(listener.fd(), found->ai_addr, found->ai_addrlen) == 0 && listen(listener.fd(), 1) == 0;
  Require(free, "cannot listen on ", address.ToString(), ": ", std::strerror(errno));
}

}  // namespace

bool Address::is_loopback() const {
  if (is_unix() || host == "localhost" || host == "::1") return true;
  in_addr ipv4{};  // a name such as 127.example.org is not one
  return inet_pton(AF_INET, host.c_str(), &ipv4) == 1 && ntohl(ipv4.s_addr) >> 24 == 127;
}

std::string Address::ToString() const {
  if (is_unix()) return "unix:" + unix_path;
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Address ParseAddress(const std::string& text) {
  if (text.starts_with("unix:")) return ParseUnix(text.substr(5));
  const size_t colon = text.rfind(':');
  Require(colon != std::string::npos && colon > 0, "address '", text, "' has no port", kExpected);
  std::string host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else {
    Require(host.find_first_of(":/[] \t") == std::string::npos, "address '", text, "' has host '",
            host, "'", kExpected);
  }
  Require(!host.empty(), "address '", text, "' has no host", kExpected);
  return {.host = host, .port = ParsePort(text, text.substr(colon + 1))};
}

bool IsListening(const Address& address) {
  const sockaddr_un name = UnixName(address);
  const Socket caller(AF_UNIX, SOCK_NONBLOCK);  // a server that stands still would hold it
  return connect(caller.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0;
}

void CheckCanListen(const Address& address) {
  address.is_unix() ? CheckUnix(address) : CheckTcp(address);
}

}  // namespace r1zero
