// The extension module deerbench._core: one function a part, each in its own file.
#include <string>

#include "base/error.h"
#include "base/version.h"
#include "python/bindings/bindings.h"

PYBIND11_MODULE(_core, m) {
  m.doc() = "The C++ half of deerbench. Use the deerbench package; names here may change.";
  m.attr("__version__") = std::string(deerbench::Version());
  pybind11::register_exception<deerbench::Error>(m, "Error", PyExc_ValueError);
  m.attr("Error").attr("__module__") = "deerbench";
  m.attr("Error").attr("__doc__") =
      "Bad input or an environment that cannot be worked with: one line that names the field, the value and "
      "what "
      "was expected.";
  deerbench::BindTasks(m);
  deerbench::BindInfo(m);
  deerbench::BindCamera(m);
  deerbench::BindTabletop(m);
  deerbench::BindBatch(m);
  deerbench::BindBatchRenderer(m);
  deerbench::BindExpert(m);
  deerbench::BindAgent(m);
  deerbench::BindDemos(m);
  deerbench::BindEvaluation(m);
}
