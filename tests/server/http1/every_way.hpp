// Checks that a client's bytes mean the same however they arrive.
#pragma once

#include "tests/support/http1_transcript.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace girin::testing {

// The transcript of the bytes, after checking that it is the same when they come in two pieces, cut anywhere, and byte
// by byte, and that the same bytes behind them are read as the same again, or not at all if the connection closes.
inline std::string every_way(std::string_view bytes, const http1::limits& limits = {}) {
    http1_transcript whole(limits);
    whole.feed(bytes);
    const std::string text = whole.text();
    CAPTURE(bytes);
    for (std::size_t cut = 1; cut < bytes.size(); ++cut)
        if (const auto cut_text = transcript_of({bytes.substr(0, cut), bytes.substr(cut)}, limits); cut_text != text) {
            CAPTURE(cut);
            CHECK(cut_text == text);
        }
    std::vector<std::string_view> single_bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) single_bytes.push_back(bytes.substr(i, 1));
    CHECK(transcript_of(single_bytes, limits) == text);
    if (text.ends_with("end\n") && whole.unread().empty()) {
        const std::string twice = std::string(bytes) + std::string(bytes);
        CHECK(transcript_of({twice}, limits) == (whole.protocol().keep_alive() ? text + text : text));
    }
    whole.reconnect();
    whole.feed(bytes);
    CHECK(whole.text() == text);
    return text;
}

// "400" when the bytes are refused with that status, however they arrive and without a request before, or else the
// transcript.
inline std::string refusal(std::string_view bytes, const http1::limits& limits = {}) {
    const std::string text = every_way(bytes, limits);
    constexpr std::string_view failure = "failure(";
    return text.starts_with(failure) ? text.substr(failure.size(), 3) : text;
}

}  // namespace girin::testing
