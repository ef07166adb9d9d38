// What a fuzz target is: libFuzzer's entry point, and the inputs to start from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Feeds one input to a reader. Errors that readers throw are what is expected of bad input; anything else
// ends the program.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace deerbench::fuzz {

// Good inputs, made of what the program ships.
std::vector<std::string> Seeds();

// Words that mean something in the formats.
std::vector<std::string> Dictionary();

// Largest single allocation that a reader may ask for while it has this input, bytes.
size_t AllocationLimit(size_t input_bytes);

}  // namespace deerbench::fuzz
