// A dataset at a glance: a row of pictures a task.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "datasets/demo_file.h"

namespace deerbench {

struct ContactSheetOptions {
  int columns = 6;  // pictures a demonstration, its first and last moment among them
  int threads = 1;
};

// Writes a PNG file with the first demonstration of each task in the file. Throws Error if the file holds
// none or the picture cannot be written.
void WriteContactSheet(const std::shared_ptr<const DemoReader>& reader, const std::string& scenes_dir,
                       const std::filesystem::path& png, const ContactSheetOptions& options = {});

}  // namespace deerbench
