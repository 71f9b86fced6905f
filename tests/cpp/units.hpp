/* SPDX-License-Identifier: MIT */
/* A ring that is opened in one translation unit and used in another, without exceptions and RTTI
 * there, and with them here. */
#ifndef CPP_UNITS_HPP
#define CPP_UNITS_HPP

#include <string>

#include <pushpull/pushpull.hpp>

pp::rx<std::string> numbers(int up_to);

#endif
