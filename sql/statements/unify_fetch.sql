fetch forward 65536 from unplaced
