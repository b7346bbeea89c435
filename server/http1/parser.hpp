// llhttp behind our rules: a second opinion on every head, and the reader of chunks.
#pragma once

#include "server/http1/failure.hpp"
#include "server/http1/limits.hpp"
#include "server/http1/request_head.hpp"

#include <llhttp.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace girin::http1 {

// One request at a time: check_head, and then, if that was chunked, read_chunks and check_trailers.
class parser {
 public:
    explicit parser(const limits& limits) : limits_(limits) {}
    parser(const parser&) = delete;
    parser& operator=(const parser&) = delete;

    // Checks the grammar of a complete head, and that it ends where its empty line ends.
    failure check_head(std::string_view head);

    // Whether the head that has been checked has the same framing for llhttp as for our rules.
    failure check_framing(const request_head& head) const;

    struct chunk {
        std::size_t consumed = 0;
        std::string_view data;
        bool last = false;
        failure refused = {};
    };
    // Takes framing off until there is data, the last chunk is read, or more bytes are needed.
    chunk read_chunks(std::string_view unread);

    // Checks a complete trailer section as check_head does.
    failure check_trailers(std::string_view section);

 private:
    struct callbacks;

    bool is_overhead_spent(std::size_t framing, bool line_ended);
    failure llhttp_failure() const;

    llhttp_t llhttp_;
    const limits& limits_;
    std::uint64_t body_size_ = 0;
    std::size_t size_line_ = 0;
    std::size_t overhead_ = 0;
    std::string_view data_;
    enum class part : std::uint8_t { head, chunks, last_chunk, complete } part_ = part::head;
    bool too_large_ = false;
};

}  // namespace girin::http1
