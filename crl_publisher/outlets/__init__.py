"""Where CRLs become public: the port, the installation's folder, and mirrors of it elsewhere."""

from .directory import DirectoryOutlet
from .port import NumberOf, Outlet

__all__ = ["DirectoryOutlet", "NumberOf", "Outlet"]
