// Looks a host up for a connection. Asio does that on a thread that it starts at the first name, for all resolvers, and
// throws where the system has no thread for it: here that is an answer like any other.
//
// A function on a resolver that the caller owns, on its thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <string>
#include <utility>

namespace porpoise {

// Calls `handler(problem, results)` once, and never from inside, as async_resolve does; the next call tries again.
// `service`: a port as a number, or empty.
template <typename Handler>
void resolve_name(boost::asio::ip::tcp::resolver& resolver, const std::string& host, const std::string& service,
                  Handler handler) {
  using Resolver = boost::asio::ip::tcp::resolver;
  try {
    resolver.async_resolve(host, service, Resolver::numeric_service, handler);
  } catch (const boost::system::system_error& no_thread) {
    boost::asio::post(resolver.get_executor(), [handler = std::move(handler), problem = no_thread.code()]() mutable {
      handler(problem, Resolver::results_type());
    });
  }
}

}  // namespace porpoise
