"""python -m deerbench.datasets: bring demonstrations from and into other formats."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from deerbench._core import Error
from deerbench.datasets import export_robomimic, import_calvin, store_images
from deerbench.datasets.calvin_folder import OPTIONAL


def _progress() -> Callable[[int, int], None] | None:
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        print(f"\r{done} of {total} demonstrations", end=end, file=sys.stderr, flush=True)

    return show


def _import(args: argparse.Namespace) -> None:
    without = [key for key in args.without.split(",") if key]
    summary = import_calvin(
        args.folder,
        args.out,
        scene=args.scene,
        without=without,
        skip_invalid=args.skip_invalid,
        resume=args.resume,
        on_demo=_progress(),
    )
    for reason in summary.left_out:
        print(f"left out: {reason}", file=sys.stderr)
    left_out = f", {len(summary.left_out)} left out" if summary.left_out else ""
    print(f"{summary.demos} demonstrations, {summary.steps} steps{left_out}: {args.out}", file=sys.stderr)


def _store(args: argparse.Namespace) -> None:
    store_images(args.source, args.out, assets=args.assets, threads=args.threads, on_demo=_progress())
    print(f"with pictures: {args.out}", file=sys.stderr)


def _export(args: argparse.Namespace) -> None:
    export_robomimic(
        args.source,
        args.out,
        actions=args.actions,
        valid_share=args.valid_share,
        seed=args.seed,
        next_obs=not args.no_next_obs,
        compress=args.compress,
        assets=args.assets,
        threads=args.threads,
        on_demo=_progress(),
    )
    print(f"for robomimic: {args.out}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    description = __doc__.split(": ")[1].capitalize()
    parser = argparse.ArgumentParser(prog="python -m deerbench.datasets", description=description)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("import-calvin", help="annotated sequences of CALVIN's dataset into our format")
    verb.add_argument("folder", help="CALVIN's training or validation folder")
    verb.add_argument("out", help="HDF5 file, new")
    verb.add_argument("--scene", choices=list("ABCD"), help="where scene_info.npy is missing or wrong")
    verb.add_argument("--without", default="", help=f"keys to leave out, with commas: {', '.join(OPTIONAL)}")
    verb.add_argument("--skip-invalid", action="store_true", help="leave out sequences with something wrong")
    verb.add_argument("--resume", action="store_true", help="go on with what the file holds")
    verb.set_defaults(run=_import)

    drawing = argparse.ArgumentParser(add_help=False)
    drawing.add_argument("source", help="HDF5 file of demonstrations")
    drawing.add_argument("out", help="HDF5 file, new")
    drawing.add_argument("--assets", help="CALVIN's data folder, if the demonstrations were made with its scenes")
    drawing.add_argument("--threads", type=int, help="that draw pictures (default one a core)")
    verb = verbs.add_parser("store-images", parents=[drawing], help="draw all pictures and keep them in the file")
    verb.set_defaults(run=_store)
    verb = verbs.add_parser("export-robomimic", parents=[drawing], help="write a file that robomimic trains from")
    verb.add_argument("--actions", choices=["labels", "executed"], default="labels", help="(default labels)")
    verb.add_argument("--valid-share", type=float, default=0.1, help="below mask/valid (default 0.1)")
    verb.add_argument("--seed", type=int, default=0, help="of that choice (default 0)")
    verb.add_argument("--no-next-obs", action="store_true", help="half the size, enough for behaviour cloning")
    verb.add_argument("--compress", action="store_true", help="deflate pictures")
    verb.set_defaults(run=_export)
    return parser


def main() -> int:
    args = _parser().parse_args()
    try:
        args.run(args)
    except (Error, OSError) as error:
        print(f"deerbench.datasets: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("deerbench.datasets: interrupted", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
