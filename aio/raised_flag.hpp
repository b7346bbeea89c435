// A flag that is true while a block runs, however it ends.
#pragma once

namespace girin::detail {

class raised_flag {
 public:
    explicit raised_flag(bool& flag) noexcept : flag_(flag) { flag_ = true; }
    raised_flag(const raised_flag&) = delete;
    raised_flag& operator=(const raised_flag&) = delete;
    ~raised_flag() { flag_ = false; }

 private:
    bool& flag_;
};

}  // namespace girin::detail
