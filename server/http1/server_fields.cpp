#include "server/http1/server_fields.hpp"

#include "server/http1/put.hpp"

namespace girin::http1 {

server_fields::server_fields(std::time_t now, choice sent) : sent_(sent), time_(~now) {
    set_time(now);
}

void server_fields::set_time(std::time_t now) {
    if (now == time_) return;
    time_ = now;
    const date_text text = format_date(now);
    put(put(put(date_.data(), "date: "), {text.data(), text.size()}), "\r\n");
}

}  // namespace girin::http1
