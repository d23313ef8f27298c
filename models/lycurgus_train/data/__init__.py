"""From folders on the disk to labelled images: loaders, checks, splits and pools; nothing here needs torch."""
