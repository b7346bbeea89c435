#include "server/worker/connection.hpp"

#include "server/worker/cycle.hpp"
#include "server/worker/service.hpp"

namespace girin::worker {

connection::connection(service& s, const peer_name& client, const address& local)
    : service_(s), protocol_(s.limits), local_(local), client_(client) {
    service_.joined(*this);
}

connection::~connection() {
    service_.left(*this);
}

void connection::start_cycle() {
    ++requests_;
    if (service_.draining || requests_ == service_.options.most_requests) protocol_.close_after_response();
    cycle_ = new cycle(*this);
    cycle_->start();
}

bool connection::answer(int status, std::string_view reason) {
    return protocol_.error_response(status, reason, service_.own_fields(), *output_);
}

void connection::refuse() {
    refused_ = true;
    flush();
}

}  // namespace girin::worker
