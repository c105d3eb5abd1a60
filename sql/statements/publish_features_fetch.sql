fetch forward 20000 from public_features
