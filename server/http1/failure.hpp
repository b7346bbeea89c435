// Why a request is refused: the status to answer with and a reason that is safe to show to the client.
#pragma once

namespace girin::http1 {

// Converts to true when there is something to refuse. The reason is static text. Fits in two registers.
struct failure {
    int status = 0;
    const char* reason = "";

    explicit operator bool() const { return status != 0; }
};

}  // namespace girin::http1
